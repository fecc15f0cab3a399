// The kernel's name and version as programs see them: uname(2), /proc/version, /proc/sys/kernel. Programs compare the release with the Linux
// version whose interfaces they want, so it names the one whose system calls this kernel follows.

export const SYSTEM_NAME: string = "Linux";
export const KERNEL_RELEASE: string = "6.6.0-cyrius";
export const KERNEL_VERSION: string = "#1 Cyrius";
export const MACHINE: string = "x86_64";
