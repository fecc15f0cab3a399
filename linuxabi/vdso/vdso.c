/* The vDSO (vdso(7)): the calls that read a clock, run in user mode in every Linux process. It reads the kernel's clock page, which is mapped just
 * before this image, and computes what kernel/time/clock.ts computes, to the nanosecond; so time read here and time read by a call never
 * contradict each other. What the page does not serve goes to the kernel. Built by scripts/lib/kernel.ts into a shared object of one page. */

typedef unsigned int u32;
typedef unsigned long u64;
struct timespec {
	u64 seconds, nanoseconds;
};
struct timeval {
	u64 seconds, microseconds;
};

#define CLOCKS 12
#define SERVED (1u << 0 | 1u << 1 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 11)
#define COARSE (1u << 5 | 1u << 6)
#define COARSE_NS 4000000
#define SECOND_NS 1000000000

/* Written by linuxabi/vdso.ts. The sequence is odd while the rest is changing, and for good when the time-stamp counter is no clock. */
extern struct clock_page {
	u32 sequence, one_processor;
	u64 ticks_start, scale;
	u64 offset_ns[CLOCKS]; /* by clock id */
} clock_page __attribute__((visibility("hidden")));

enum { SYS_gettimeofday = 96, SYS_time = 201, SYS_clock_gettime = 228, SYS_clock_getres = 229, SYS_getcpu = 309 };

static inline long call(long number, long first, void *second) {
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(0) : "rcx", "r11", "memory");
	return result;
}

/* Nanoseconds of a clock of SERVED, to `ns`; 0 when the page cannot tell. */
static inline int read_clock(u32 clock, u64 *ns) {
	u32 low, high, sequence;
	do {
		sequence = __atomic_load_n(&clock_page.sequence, __ATOMIC_ACQUIRE);
		if (__builtin_expect(sequence & 1, 0)) return 0;
		/* Not before the loads and the calls that precede it. */
		__asm__ volatile("lfence\n rdtsc" : "=a"(low), "=d"(high) : : "memory");
		u64 ticks = ((u64)high << 32 | low) - clock_page.ticks_start;
		*ns = (u64)((unsigned __int128)ticks * clock_page.scale >> 60) + clock_page.offset_ns[clock];
		__asm__("" : "+r"(*ns)); /* computed here, so that the numbers need no registers of their own until the sequence is looked at */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (__builtin_expect(__atomic_load_n(&clock_page.sequence, __ATOMIC_RELAXED) != sequence, 0));
	return 1;
}

int __vdso_clock_gettime(int clock, struct timespec *time) {
	u64 ns;
	if (__builtin_expect((u32)clock >= CLOCKS || !(1u << clock & SERVED) || !read_clock(clock, &ns), 0))
		return call(SYS_clock_gettime, clock, time);
	time->seconds = ns / SECOND_NS;
	time->nanoseconds = ns % SECOND_NS;
	return 0;
}

int __vdso_clock_getres(int clock, struct timespec *resolution) {
	if ((u32)clock >= CLOCKS || !(1u << clock & SERVED)) return call(SYS_clock_getres, clock, resolution);
	if (resolution) *resolution = (struct timespec){0, COARSE >> clock & 1 ? COARSE_NS : 1};
	return 0;
}

int __vdso_gettimeofday(struct timeval *time, void *zone) {
	u64 ns;
	if (time) {
		if (!read_clock(0, &ns)) return call(SYS_gettimeofday, (long)time, zone);
		time->seconds = ns / SECOND_NS;
		time->microseconds = ns % SECOND_NS / 1000;
	}
	if (zone) *(u64 *)zone = 0; /* struct timezone: UTC */
	return 0;
}

long __vdso_time(long *time) {
	u64 ns;
	if (!read_clock(0, &ns)) return call(SYS_time, (long)time, 0);
	if (time) *time = ns / SECOND_NS;
	return ns / SECOND_NS;
}

int __vdso_getcpu(u32 *processor, u32 *node) {
	if (!clock_page.one_processor) return call(SYS_getcpu, (long)processor, node);
	if (processor) *processor = 0;
	if (node) *node = 0;
	return 0;
}

int clock_gettime(int, struct timespec *) __attribute__((weak, alias("__vdso_clock_gettime")));
int clock_getres(int, struct timespec *) __attribute__((weak, alias("__vdso_clock_getres")));
int gettimeofday(struct timeval *, void *) __attribute__((weak, alias("__vdso_gettimeofday")));
long time(long *) __attribute__((weak, alias("__vdso_time")));
int getcpu(u32 *, u32 *) __attribute__((weak, alias("__vdso_getcpu")));
