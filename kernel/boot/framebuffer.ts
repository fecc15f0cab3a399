// The screen that the firmware or boot loader has set up: a linear frame buffer with pixels of 24 or 32 bits. The UEFI loader tells of it on
// the command line (framebuffer=ADDRESS,WIDTH,HEIGHT,PITCH,BITS,RED,GREEN,BLUE in decimal), Multiboot2 in a tag.

import { parseDecimal } from "../lib/bytes";
import { option, optionLength, optionValue } from "./options";

/** Physical address of the first pixel; 0: there is no screen. */
export let framebufferAddress: u64 = 0;
/** In pixels. */
export let framebufferWidth: u32 = 0;
export let framebufferHeight: u32 = 0;
/** Bytes from a row of pixels to the next. */
export let framebufferPitch: u32 = 0;
/** Bytes per pixel: 3 or 4. */
export let framebufferPixelBytes: u32 = 0;
/** The lowest bit of each colour's 8. */
export let framebufferRed: u32 = 0;
export let framebufferGreen: u32 = 0;
export let framebufferBlue: u32 = 0;

const SIDE_MAX: u32 = 16384;

/** Takes a screen of these properties, unless it is one that cannot be used. */
export function setFramebuffer(pa: u64, width: u32, height: u32, pitch: u32, bits: u32, red: u32, green: u32, blue: u32): void {
  if (pa == 0 || (bits != 24 && bits != 32) || width - 1 >= SIDE_MAX || height - 1 >= SIDE_MAX) return;
  if (pitch < (width * bits) / 8 || pitch > SIDE_MAX * 8 || max(max(red, green), blue) > bits - 8) return;
  framebufferAddress = pa;
  framebufferWidth = width;
  framebufferHeight = height;
  framebufferPitch = pitch;
  framebufferPixelBytes = bits / 8;
  framebufferRed = red;
  framebufferGreen = green;
  framebufferBlue = blue;
}

const FIELDS: u32 = 8;
const fields = memory.data(8 * 8, 8);

/** Looks for a screen on the command line. */
export function readFramebufferOption(): void {
  if (!option("framebuffer")) return;
  let from = optionValue;
  const end = optionValue + optionLength;
  for (let i: u32 = 0; i < FIELDS; i++) {
    let to = from;
    while (to < end && load<u8>(to) != 0x2c) to++;
    const value = parseDecimal(from, <u32>(to - from));
    if (value < 0) return;
    store<u64>(fields + (i << 3), <u64>value);
    from = to + 1;
  }
  setFramebuffer(
    load<u64>(fields),
    <u32>load<u64>(fields, 8),
    <u32>load<u64>(fields, 16),
    <u32>load<u64>(fields, 24),
    <u32>load<u64>(fields, 32),
    <u32>load<u64>(fields, 40),
    <u32>load<u64>(fields, 48),
    <u32>load<u64>(fields, 56),
  );
}
