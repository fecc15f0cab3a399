/* What the loader uses of UEFI (UEFI Specification 2.10: 4.3 system table, 4.4 boot services, 9.1 loaded image, 12.9 graphics output,
 * 13.4 file system, 13.5 files). Members that are not used have names without types. */
#ifndef EFI_H
#define EFI_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef u64 status;
typedef void *handle;

#define EFIAPI __attribute__((ms_abi))
#define EFI_ERROR (1ull << 63)
#define BUFFER_TOO_SMALL (EFI_ERROR | 5)

struct guid {
	u32 a;
	u16 b, c;
	u8 d[8];
};

enum allocate { ANY_PAGES, MAX_ADDRESS, AT_ADDRESS };
enum memory { LOADER_CODE = 1, LOADER_DATA, BOOT_SERVICES_CODE, BOOT_SERVICES_DATA, CONVENTIONAL = 7 };

struct memory_descriptor {
	u32 type;
	u64 physical, virtual, pages, attributes;
};

struct text_output {
	void *reset;
	status(EFIAPI *output)(struct text_output *self, const u16 *text);
};

struct boot_services {
	u8 header[24];
	void *raise_tpl, *restore_tpl;
	status(EFIAPI *allocate_pages)(enum allocate how, enum memory type, u64 pages, u64 *address);
	void *free_pages;
	status(EFIAPI *get_memory_map)(u64 *bytes, void *map, u64 *key, u64 *descriptor_bytes, u32 *version);
	void *allocate_pool, *free_pool, *create_event, *set_timer, *wait_for_event, *signal_event, *close_event, *check_event;
	void *install_protocol, *reinstall_protocol, *uninstall_protocol;
	status(EFIAPI *handle_protocol)(handle h, const struct guid *protocol, void **interface);
	void *reserved, *register_notify, *locate_handle, *locate_device_path, *install_table, *load_image, *start_image;
	status(EFIAPI *exit)(handle image, status s, u64 bytes, const u16 *data);
	void *unload_image;
	status(EFIAPI *exit_boot_services)(handle image, u64 map_key);
	void *next_monotonic_count;
	status(EFIAPI *stall)(u64 microseconds);
	status(EFIAPI *set_watchdog)(u64 seconds, u64 code, u64 bytes, const u16 *data);
	void *connect, *disconnect, *open_protocol, *close_protocol, *open_information, *protocols_per_handle, *locate_handle_buffer;
	status(EFIAPI *locate_protocol)(const struct guid *protocol, void *registration, void **interface);
};

struct configuration_table {
	struct guid vendor;
	void *table;
};

struct system_table {
	u8 header[24];
	u16 *vendor;
	u32 revision;
	handle input_handle;
	void *input;
	handle output_handle;
	struct text_output *output;
	handle error_handle;
	void *error;
	void *runtime;
	struct boot_services *boot;
	u64 table_count;
	struct configuration_table *tables;
};

struct loaded_image {
	u32 revision;
	handle parent;
	struct system_table *system;
	handle device;
};

struct file {
	u64 revision;
	status(EFIAPI *open)(struct file *self, struct file **opened, const u16 *name, u64 mode, u64 attributes);
	status(EFIAPI *close)(struct file *self);
	void *delete;
	status(EFIAPI *read)(struct file *self, u64 *bytes, void *buffer);
	void *write, *get_position, *set_position;
	status(EFIAPI *get_information)(struct file *self, const struct guid *type, u64 *bytes, void *buffer);
};

#define FILE_READ 1
#define FILE_DIRECTORY 0x10

struct file_information {
	u64 bytes, file_bytes, physical_bytes;
	u8 times[48];
	u64 attributes;
	u16 name[];
};

struct file_system {
	u64 revision;
	status(EFIAPI *open_volume)(struct file_system *self, struct file **root);
};

enum pixels { PIXELS_RGB, PIXELS_BGR, PIXELS_MASKS, PIXELS_NONE };

struct graphics_output {
	void *query_mode, *set_mode, *blt;
	struct {
		u32 modes, mode;
		struct {
			u32 version, width, height;
			enum pixels format;
			u32 red, green, blue, reserved;
			u32 pixels_per_line;
		} *information;
		u64 information_bytes, base, bytes;
	} *mode;
};

#endif
