/* The UEFI loader, \EFI\BOOT\BOOTX64.EFI on the boot medium. It reads the kernel and every file that belongs to it with the firmware's
 * drivers, so that the kernel needs none to start, and enters the kernel as a PVH loader does (handover.S): what UEFI has to tell
 * (memory, ACPI, the screen) it says in hvm_start_info and on the command line. */

#include "efi.h"

#define PAGE 4096ull
#define LOW 0x3fffffffull  /* the kernel reads what lies below 1 GiB without copying it */
#define FOUR_GIB 0xffffffffull
#define ARENA_PAGES 32
#define MODULES_MAX 64
#define CHUNK (1ull << 20)

extern const u8 handover_start[], handover_end[];
typedef void handover(u64 start_info, u64 image, u64 bytes, u64 to, u64 entry);

/* include/xen/interface/hvm/start_info.h of the Xen project */
struct start_info {
	u32 magic, version, flags, module_count;
	u64 modules, command_line, rsdp, memory_map;
	u32 memory_map_entries, reserved;
};
struct module {
	u64 address, bytes, name, reserved;
};
struct memory_entry {
	u64 address, bytes;
	u32 type, reserved;
};

static const struct guid loaded_image_guid = {0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct guid file_system_guid = {0x964e5b22, 0x6459, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct guid file_information_guid = {0x09576e92, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct guid graphics_guid = {0x9042a9de, 0x23dc, 0x4a38, {0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a}};
static const struct guid acpi_guid = {0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
static const struct guid acpi_old_guid = {0xeb9d2d30, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};

static struct system_table *efi;
static struct boot_services *boot;
static handle self;
static u64 arena, arena_end;
static struct start_info *info;
static struct module *modules;
/* Where the kernel is linked: [kernel_from, kernel_to); its image waits at `staging`. */
static u64 kernel_from, kernel_to, kernel_entry, staging;

void *memcpy(void *to, const void *from, u64 bytes) {
	void *start = to;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
	return start;
}

void *memset(void *to, int value, u64 bytes) {
	void *start = to;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
	return start;
}

static void print(const u16 *text) {
	if (efi->output) efi->output->output(efi->output, text);
}

__attribute__((noreturn)) static void fail(const u16 *what, const u16 *which) {
	print(u"\r\nCyrius cannot start: ");
	print(which);
	print(what);
	print(u"\r\n");
	boot->stall(20000000);
	boot->exit(self, EFI_ERROR | 1, 0, 0);
	for (;;) __asm__("hlt");
}

static int same(const struct guid *a, const struct guid *b) {
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;
	return x[0] == y[0] && x[1] == y[1];
}

/* Pages at an address of at most `limit` that the kernel's own place does not touch; 0 when there are none. */
static u64 pages_below(u64 limit, u64 pages, enum memory type) {
	for (int tries = 0; tries < 8; tries++) {
		u64 address = limit;
		if (boot->allocate_pages(MAX_ADDRESS, type, pages, &address) & EFI_ERROR) return 0;
		if (address >= kernel_to || address + pages * PAGE <= kernel_from) return address;
	}
	return 0;
}

/* Memory for a file: where the kernel likes it, or anywhere below 4 GiB. */
static u64 pages_for(u64 bytes, const u16 *name) {
	u64 pages = (bytes + PAGE - 1) / PAGE + !bytes;
	u64 address = pages_below(LOW, pages, LOADER_DATA);
	if (!address) address = pages_below(FOUR_GIB, pages, LOADER_DATA);
	if (!address) fail(u": not enough memory", name);
	return address;
}

/* A piece of the memory that the kernel reads before it gives memory out. */
static void *take(u64 bytes) {
	u64 at = (arena + 7) & ~7ull;
	if (at + bytes > arena_end) fail(u"too much to tell the kernel", u"");
	arena = at + bytes;
	return (void *)at;
}

static void put(char **to, const char *text) {
	while (*text) *(*to)++ = *text++;
}

static void put_number(char **to, u64 value) {
	char digits[20];
	int n = 0;
	do digits[n++] = '0' + value % 10;
	while (value /= 10);
	while (n) *(*to)++ = digits[--n];
}

static u64 size_of(struct file *file, const u16 *name) {
	u64 space[128];
	u64 bytes = sizeof space;
	if (file->get_information(file, &file_information_guid, &bytes, space) & EFI_ERROR) fail(u": cannot be read", name);
	return ((struct file_information *)space)->file_bytes;
}

static void read_all(struct file *file, u64 to, u64 bytes, const u16 *name) {
	while (bytes) {
		u64 n = bytes < CHUNK ? bytes : CHUNK;
		if (file->read(file, &n, (void *)to) & EFI_ERROR || !n) fail(u": cannot be read", name);
		to += n;
		bytes -= n;
	}
}

/* Opens `name` in `folder`; null when it is not there. */
static struct file *open(struct file *folder, const u16 *name) {
	struct file *file;
	return folder->open(folder, &file, name, FILE_READ, 0) & EFI_ERROR ? 0 : file;
}

/* Reads a file to memory and tells the kernel of it under its name. */
static void add_module(struct file *folder, const u16 *name) {
	struct file *file = open(folder, name);
	if (!file) fail(u": not found", name);
	if (info->module_count == MODULES_MAX) fail(u": too many files", name);
	print(u"  ");
	print(name);
	print(u"\r\n");
	u64 bytes = size_of(file, name);
	struct module *module = &modules[info->module_count++];
	*module = (struct module){pages_for(bytes, name), bytes, arena, 0};
	read_all(file, module->address, bytes, name);
	file->close(file);
	/* Names in ASCII; what is not becomes a question mark. */
	u64 length = 0;
	while (name[length]) length++;
	char *text = take(length + 1);
	module->name = (u64)text;
	for (u64 i = 0; i <= length; i++) text[i] = name[i] < 0x80 ? name[i] : '?';
}

/* Every file of a folder, but hidden ones, which desktops leave behind. */
static void add_folder(struct file *root, const u16 *name) {
	struct file *folder = open(root, name);
	if (!folder) return;
	for (;;) {
		u64 space[128];
		u64 bytes = sizeof space;
		if (folder->read(folder, &bytes, space) & EFI_ERROR) fail(u": cannot be read", name);
		if (!bytes) break;
		struct file_information *entry = (struct file_information *)space;
		if (!(entry->attributes & FILE_DIRECTORY) && entry->name[0] != '.') add_module(folder, entry->name);
	}
	folder->close(folder);
}

struct elf {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, program_headers, section_headers;
	u32 flags;
	u16 bytes, program_header_bytes, program_header_count;
};
struct program_header {
	u32 type, flags;
	u64 offset, virtual, physical, file_bytes, memory_bytes, alignment;
};

/* Reads the kernel and lays it out as it will lie in memory. */
static void load_kernel(struct file *root) {
	static const u16 name[] = u"cyrius\\kernel.elf";
	struct file *file = open(root, name);
	if (!file) fail(u": not found", name);
	u64 bytes = size_of(file, name);
	u64 at = pages_for(bytes, name);
	read_all(file, at, bytes, name);
	file->close(file);
	const struct elf *elf = (const struct elf *)at;
	if (bytes < sizeof *elf || *(const u32 *)elf->ident != 0x464c457f) fail(u": is no kernel", name);
	const struct program_header *headers = (const struct program_header *)(at + elf->program_headers);
	kernel_from = ~0ull;
	for (int i = 0; i < elf->program_header_count; i++) {
		if (headers[i].type != 1) continue;
		u64 end = headers[i].physical + headers[i].memory_bytes;
		if (headers[i].physical < kernel_from) kernel_from = headers[i].physical;
		if (end > kernel_to) kernel_to = end;
		if (elf->entry - headers[i].virtual < headers[i].memory_bytes)
			kernel_entry = elf->entry - headers[i].virtual + headers[i].physical;
	}
	if (!kernel_entry) fail(u": has no entry", name);
	staging = pages_for(kernel_to - kernel_from, name);
	memset((void *)staging, 0, kernel_to - kernel_from);
	for (int i = 0; i < elf->program_header_count; i++)
		if (headers[i].type == 1)
			memcpy((void *)(staging + headers[i].physical - kernel_from), (void *)(at + headers[i].offset), headers[i].file_bytes);
}

static u64 find_acpi(void) {
	u64 old = 0;
	for (u64 i = 0; i < efi->table_count; i++) {
		if (same(&efi->tables[i].vendor, &acpi_guid)) return (u64)efi->tables[i].table;
		if (same(&efi->tables[i].vendor, &acpi_old_guid)) old = (u64)efi->tables[i].table;
	}
	return old;
}

static u32 lowest_bit(u32 mask) {
	return mask ? (u32)__builtin_ctz(mask) : 0;
}

/* framebuffer=ADDRESS,WIDTH,HEIGHT,PITCH,BITS,RED,GREEN,BLUE (kernel/boot/framebuffer.ts), if there is a screen. */
static void tell_screen(char **line) {
	struct graphics_output *screen;
	if (boot->locate_protocol(&graphics_guid, 0, (void **)&screen) & EFI_ERROR) return;
	if (!screen->mode || screen->mode->information->format >= PIXELS_NONE) return;
	u32 red = 0, green = 8, blue = 16;
	if (screen->mode->information->format == PIXELS_BGR) red = 16, blue = 0;
	if (screen->mode->information->format == PIXELS_MASKS) {
		red = lowest_bit(screen->mode->information->red);
		green = lowest_bit(screen->mode->information->green);
		blue = lowest_bit(screen->mode->information->blue);
	}
	const u64 values[] = {screen->mode->base, screen->mode->information->width, screen->mode->information->height,
	                      screen->mode->information->pixels_per_line * 4ull, 32, red, green, blue};
	put(line, "framebuffer=");
	for (u64 i = 0; i < sizeof values / sizeof *values; i++) {
		if (i) put(line, ",");
		put_number(line, values[i]);
	}
}

static int is_ram(u32 type) {
	return (type >= LOADER_CODE && type <= BOOT_SERVICES_DATA) || type == CONVENTIONAL;
}

/* Takes the machine over: from the memory map on, the firmware's services are gone. */
static void leave_firmware(void) {
	u64 capacity = 16 * PAGE;
	void *map = (void *)pages_for(capacity, u"memory map");
	struct memory_entry *entries = take(sizeof *entries * capacity / 40);
	u64 bytes, key, step;
	u32 version;
	for (int tries = 0;; tries++) {
		bytes = capacity;
		if (boot->get_memory_map(&bytes, map, &key, &step, &version) & EFI_ERROR) fail(u"no memory map", u"");
		if (!(boot->exit_boot_services(self, key) & EFI_ERROR)) break;
		if (tries == 8) fail(u"the firmware does not let go", u"");
	}
	u32 count = 0;
	for (u64 at = 0; at + step <= bytes; at += step) {
		const struct memory_descriptor *one = (const struct memory_descriptor *)((u64)map + at);
		if (!is_ram(one->type)) continue;
		struct memory_entry *last = count ? &entries[count - 1] : 0;
		if (last && last->address + last->bytes == one->physical) last->bytes += one->pages * PAGE;
		else entries[count++] = (struct memory_entry){one->physical, one->pages * PAGE, 1, 0};
	}
	info->memory_map = (u64)entries;
	info->memory_map_entries = count;
}

/* The kernel's place must be memory that nobody needs any more. */
static void check_place(void) {
	u64 bytes = 16 * PAGE, key, step;
	u32 version;
	u64 map = pages_for(bytes, u"memory map");
	if (boot->get_memory_map(&bytes, (void *)map, &key, &step, &version) & EFI_ERROR) fail(u"no memory map", u"");
	for (u64 at = 0; at + step <= bytes; at += step) {
		const struct memory_descriptor *one = (const struct memory_descriptor *)(map + at);
		if (!is_ram(one->type) && one->physical < kernel_to && one->physical + one->pages * PAGE > kernel_from)
			fail(u"the firmware needs the memory at 2 MiB", u"");
	}
}

status EFIAPI efi_main(handle image, struct system_table *system) {
	efi = system;
	boot = system->boot;
	self = image;
	print(u"Cyrius\r\n");
	boot->set_watchdog(0, 0, 0, 0);
	struct loaded_image *loaded;
	struct file_system *volume;
	struct file *root;
	if (boot->handle_protocol(image, &loaded_image_guid, (void **)&loaded) & EFI_ERROR) fail(u"no loaded image", u"");
	if (boot->handle_protocol(loaded->device, &file_system_guid, (void **)&volume) & EFI_ERROR) fail(u"no file system", u"");
	if (volume->open_volume(volume, &root) & EFI_ERROR) fail(u"the volume cannot be opened", u"");

	load_kernel(root);
	check_place();
	arena = pages_below(LOW, ARENA_PAGES, LOADER_DATA);
	if (!arena) fail(u"no memory below 1 GiB", u"");
	arena_end = arena + ARENA_PAGES * PAGE;
	info = take(sizeof *info);
	modules = take(MODULES_MAX * sizeof *modules);
	*info = (struct start_info){.magic = 0x336ec578, .version = 1, .modules = (u64)modules, .rsdp = find_acpi()};
	char *line = take(1024);
	info->command_line = (u64)line;
	tell_screen(&line);
	put(&line, " boot=medium");
	*line = 0;

	add_module(root, u"cyrius\\system.cpio");
	struct file *settings = open(root, u"cyrius.toml");
	if (settings) {
		settings->close(settings);
		add_module(root, u"cyrius.toml");
	}
	add_folder(root, u"containers");

	u64 page = pages_below(FOUR_GIB, 1, LOADER_CODE);
	if (!page) fail(u"no memory below 4 GiB", u"");
	memcpy((void *)page, handover_start, (u64)(handover_end - handover_start));
	leave_firmware();
	((handover *)page)((u64)info, staging, kernel_to - kernel_from, kernel_from, kernel_entry);
	__builtin_unreachable();
}
