// An arena: many small objects that are released together. It takes chunks from the kernel heap, and its own header stands in the first.

import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";

@unmanaged
export class Arena {
  /** Chunk taken after this one, or 0; every chunk begins with this field. */
  next: usize;
  /** Next free byte of the chunk in use, and its end. */
  at: usize;
  end: usize;
  /** Bytes of a usual chunk. */
  chunkBytes: u32;
}
const HEADER_BYTES: u32 = 16;
if (offsetof<Arena>() != HEADER_BYTES) ERROR("the arena's header is 16 bytes");

/** An empty arena that takes memory in chunks of `chunkBytes`, best a size class of the heap; null when memory is short. */
export function arenaNew(chunkBytes: u32): Arena | null {
  const p = kernelAlloc(chunkBytes);
  if (p == 0) return null;
  const arena = changetype<Arena>(p);
  arena.at = p + HEADER_BYTES;
  arena.end = p + chunkBytes;
  arena.chunkBytes = chunkBytes;
  return arena;
}

/** `size` bytes of zeroed memory, 8-byte aligned; 0 when memory is short. */
export function arenaAlloc(arena: Arena, size: u32): usize {
  const bytes = (size + 7) & ~7;
  if (bytes > <u32>(arena.end - arena.at)) {
    const chunkBytes = max(arena.chunkBytes, bytes + HEADER_BYTES);
    const chunk = kernelAlloc(chunkBytes);
    if (chunk == 0) return 0;
    store<usize>(chunk, arena.next);
    arena.next = chunk;
    arena.at = chunk + HEADER_BYTES;
    arena.end = chunk + chunkBytes;
  }
  const p = arena.at;
  arena.at += bytes;
  return p;
}

/** Gives back everything. */
export function arenaFree(arena: Arena): void {
  let chunk = arena.next;
  while (chunk != 0) {
    const next = load<usize>(chunk);
    kernelFree(chunk);
    chunk = next;
  }
  kernelFree(changetype<usize>(arena));
}
