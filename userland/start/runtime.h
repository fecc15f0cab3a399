/* What start.c and a program's generated C share. */
#pragma once
#define LINEAR_BASE 0x100000000ull
#include "wasm_rt.h"

struct memory {
	u32 pages;
};
extern struct memory w2c_memory;
u32 wasm_rt_grow_memory(u32 pages);

u64 host_call(u32 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
u32 host_argumentCount(void);
u32 host_argumentLength(u32 index);
void host_argumentCopy(u32 index, u32 to);
u64 host_timeStamp(void);
void program_start(void);
u32 program_main(void);
