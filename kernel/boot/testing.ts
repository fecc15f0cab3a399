// For specs: what the simulated machine's boot code found (as-pect.config.js).

/** The loader's information is at `info`, the kernel's image at physical [imageStart, imageEnd). */
@external("isa", "set_boot")
export declare function setBoot(info: usize, imageStart: u64, imageEnd: u64): void;
/** What the loader left in EAX. */
@external("isa", "set_boot_magic")
export declare function setBootMagic(magic: u32): void;
