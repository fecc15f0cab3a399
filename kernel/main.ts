import { in8, out8, halt } from "../shim/isa";
export const heapBase: usize = __heap_base;
function putc(c: u32): void { while (!(in8(0x3fd) & 0x20)); out8(0x3f8, c); }
function puts(s: string): void { for (let i = 0; i < s.length; i++) putc(load<u16>(changetype<usize>(s) + (i << 1))); }
export function boot(): void { puts("hello from assemblyscript\n"); out8(0xf4, 0x10); halt(); }
export function onSystemCall(): void {}
export function onTrap(vector: u32, error: u64, address: u64): void {}
export function onInterrupt(vector: u32): void {}
export function onIdle(): void {}
export function onPanic(kind: u32, detail: u64, rip: u64, address: u64): void { puts("panic\n"); out8(0xf4, 0x20); }
