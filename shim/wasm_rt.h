/* What wasm2c's output needs from C, for a kernel: linear memory is a constant address, there is no bounds check (the 4 GiB behind the window
 * are unmapped), a trap is a panic. scripts/lib/wasm2c.ts puts this in place of wasm2c's own preamble. No floating point in the kernel. */
#ifndef WASM_RT_H
#define WASM_RT_H

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define FUNC_PROLOGUE
#define FUNC_EPILOGUE

#define AT(type, address) (*(type __attribute__((may_alias, aligned(1))) *)(LINEAR_BASE + (address)))
#define LOAD(name, stored, widened, result) \
	static inline __attribute__((always_inline)) result name(u64 address) { return (result)(widened)AT(stored, address); }
#define STORE(name, stored, value_type) \
	static inline __attribute__((always_inline)) void name(u64 address, value_type value) { AT(stored, address) = (stored)value; }
LOAD(i32_load, u32, u32, u32)
LOAD(i64_load, u64, u64, u64)
LOAD(i32_load8_s, s8, s32, u32)
LOAD(i64_load8_s, s8, s64, u64)
LOAD(i32_load8_u, u8, u32, u32)
LOAD(i64_load8_u, u8, u64, u64)
LOAD(i32_load16_s, s16, s32, u32)
LOAD(i64_load16_s, s16, s64, u64)
LOAD(i32_load16_u, u16, u32, u32)
LOAD(i64_load16_u, u16, u64, u64)
LOAD(i64_load32_s, s32, s64, u64)
LOAD(i64_load32_u, u32, u64, u64)
STORE(i32_store, u32, u32)
STORE(i64_store, u64, u64)
STORE(i32_store8, u8, u32)
STORE(i32_store16, u16, u32)
STORE(i64_store8, u8, u64)
STORE(i64_store16, u16, u64)
STORE(i64_store32, u32, u64)

enum trap { TRAP_OOB, TRAP_INT_OVERFLOW, TRAP_DIV_BY_ZERO, TRAP_UNREACHABLE, TRAP_CALL_INDIRECT };
_Noreturn void wasm_trap(enum trap reason);
#define TRAP(x) (wasm_trap(TRAP_##x), 0)
#define UNREACHABLE TRAP(UNREACHABLE)

#define I32_CLZ(x) ((x) ? __builtin_clz(x) : 32)
#define I64_CLZ(x) ((x) ? __builtin_clzll(x) : 64)
#define I32_CTZ(x) ((x) ? __builtin_ctz(x) : 32)
#define I64_CTZ(x) ((x) ? __builtin_ctzll(x) : 64)
/* Not the builtin: POPCNT is not on every x86-64, and there is no libgcc to fall back on. */
static inline u64 popcount(u64 x) {
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	return ((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56;
}
#define I32_POPCNT(x) ((u32)popcount((u32)(x)))
#define I64_POPCNT(x) (popcount(x))
#define DIV_U(x, y) ((y) == 0 ? TRAP(DIV_BY_ZERO) : (x) / (y))
#define REM_U(x, y) ((y) == 0 ? TRAP(DIV_BY_ZERO) : (x) % (y))
#define DIV_S(type, signed_type, minimum, x, y) \
	((y) == 0 ? TRAP(DIV_BY_ZERO) : ((signed_type)(x) == minimum && (signed_type)(y) == -1) ? TRAP(INT_OVERFLOW) : (type)((signed_type)(x) / (signed_type)(y)))
#define REM_S(type, signed_type, x, y) \
	((y) == 0 ? TRAP(DIV_BY_ZERO) : (signed_type)(y) == -1 ? 0 : (type)((signed_type)(x) % (signed_type)(y)))
#define I32_DIV_S(x, y) DIV_S(u32, s32, INT32_MIN, x, y)
#define I64_DIV_S(x, y) DIV_S(u64, s64, INT64_MIN, x, y)
#define I32_REM_S(x, y) REM_S(u32, s32, x, y)
#define I64_REM_S(x, y) REM_S(u64, s64, x, y)
#define ROTATE_LEFT(x, y, mask) (((x) << ((y) & (mask))) | ((x) >> (((mask) - (y) + 1) & (mask))))
#define ROTATE_RIGHT(x, y, mask) (((x) >> ((y) & (mask))) | ((x) << (((mask) - (y) + 1) & (mask))))
#define I32_ROTL(x, y) ROTATE_LEFT(x, y, 31)
#define I64_ROTL(x, y) ROTATE_LEFT(x, y, 63)
#define I32_ROTR(x, y) ROTATE_RIGHT(x, y, 31)
#define I64_ROTR(x, y) ROTATE_RIGHT(x, y, 63)

/* A table entry: the function and the index of its type, which call_indirect checks. */
struct table_entry {
	u32 type;
	void (*function)(void);
};
#define CALL_INDIRECT(table, signature, type_index, index, ...) \
	((LIKELY((index) < sizeof table / sizeof *table && table[index].type == (type_index) + 1) || TRAP(CALL_INDIRECT)), \
	 ((signature)table[index].function)(__VA_ARGS__))

/* Under TCG each iteration of a string instruction counts, so 8 bytes at a time. Short runs are cheaper as single stores. */
static inline void memory_fill(u32 to, u32 value, u32 bytes) {
	void *p = (void *)(LINEAR_BASE + to);
	u64 pattern = (u8)value * 0x0101010101010101ull, words = bytes >> 3, rest = bytes & 7;
	__asm__ volatile("rep stosq" : "+D"(p), "+c"(words) : "a"(pattern) : "memory");
	if (!(__builtin_constant_p(rest) && rest == 0)) __asm__ volatile("rep stosb" : "+D"(p), "+c"(rest) : "a"(pattern) : "memory");
}
static inline void memory_copy(u32 to, u32 from, u32 bytes) {
	u8 *p = (u8 *)(LINEAR_BASE + to);
	const u8 *q = (const u8 *)(LINEAR_BASE + from);
	u64 words = bytes >> 3, rest = bytes & 7;
	if (UNLIKELY((u64)(to - from) < bytes && to > from)) {
		/* Overlapping, upwards: from the end, the odd bytes first. */
		p += bytes - 1;
		q += bytes - 1;
		__asm__ volatile("std; rep movsb" : "+D"(p), "+S"(q), "+c"(rest) : : "memory");
		p -= 7;
		q -= 7;
		__asm__ volatile("rep movsq; cld" : "+D"(p), "+S"(q), "+c"(words) : : "memory");
		return;
	}
	__asm__ volatile("rep movsq" : "+D"(p), "+S"(q), "+c"(words) : : "memory");
	if (!(__builtin_constant_p(rest) && rest == 0)) __asm__ volatile("rep movsb" : "+D"(p), "+S"(q), "+c"(rest) : : "memory");
}
#endif
