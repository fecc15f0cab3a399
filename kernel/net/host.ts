// The host's network: its space has the machine's device as eth0, with the address that the kernel's command line or a DHCP server gives, and one end of the
// switch, behind which containers are. It is brought up at boot when there is a device, else when the first container wants to be on the switch.

import { Container, hostContainer } from "../container/container";
import { bytesIndexOf, parseDecimal } from "../lib/bytes";
import { netDevice, NetDevice } from "./device";
import { dhcpStart } from "./dhcp";
import { netmask4, parseAddress4 } from "./inet/address";
import { interfaceAdd, routeAdd } from "./inet/configure";
import { Interface, InterfaceFlag, InterfaceKind } from "./inet/interface";
import { inetOf, InetSpace } from "./inet/space";
import { NetSpace, spaceOf, spaceRetain } from "./space";
import { switchJoin, switchStart } from "./switch";

/** "eth0". */
const DEVICE_NAME: u64 = 0x3068_7465;
/** Name servers that containers are told. */
const SERVERS_MAX: u32 = 3;
const servers = memory.data(12, 4);
export let nameServerCount: u32 = 0;

let host: InetSpace | null = null;

/** Name server `i` < nameServerCount. */
export function nameServer(i: u32): u32 {
  return load<u32>(servers + (i << 2));
}

export function nameServerAdd(v4: u32): void {
  if (nameServerCount < SERVERS_MAX && v4 != 0) store<u32>(servers + (nameServerCount++ << 2), v4);
}

export function nameServersForget(): void {
  nameServerCount = 0;
}

/** The host's space, with its interfaces; null when memory is short. */
export function hostSpace(): InetSpace | null {
  if (host) return host;
  const net = spaceOf(hostContainer);
  const space = net ? inetOf(net) : null;
  if (!space || !switchStart(space)) return null;
  host = space;
  const device = netDevice;
  if (device) addDevice(space, device);
  return space;
}

/** What the device is to have: ADDRESS/PREFIX[,GATEWAY[,NAMESERVER]...]. Empty: what a DHCP server says. */
let settings: usize = 0;
let settingsBytes: u32 = 0;

/** At boot, once there is a host: brings the device up, with the settings of `bytes` bytes at `p`. */
export function hostNetworkStart(p: usize, bytes: u32): void {
  settings = p;
  settingsBytes = bytes;
  if (netDevice) hostSpace();
}

function addDevice(space: InetSpace, device: NetDevice): void {
  const i = interfaceAdd(space, InterfaceKind.Device, DEVICE_NAME, device.mtu);
  if (!i) return;
  i.driver = changetype<usize>(device);
  i.offload = device.offload;
  i.hardware = device.hardware;
  i.flags = InterfaceFlag.Up | InterfaceFlag.Broadcast | InterfaceFlag.Running | InterfaceFlag.Multicast | InterfaceFlag.LowerUp;
  device.interface = i;
  if (!configure(space, i)) dhcpStart(i);
}

/** Gives the device its address, and the way out: false when memory is short. */
export function hostAddress(i: Interface, v4: u32, prefix: u32, gateway: u32): bool {
  const space = i.space;
  i.address = v4;
  i.prefix = prefix;
  i.broadcast = v4 | ~netmask4(prefix);
  if (routeAdd(space, v4, prefix, 0, i, v4, 0) < 0) return false;
  return gateway == 0 || routeAdd(space, 0, 0, gateway, i, v4, 0) >= 0;
}

/** Applies the settings; false when there are none or they are malformed. */
function configure(space: InetSpace, i: Interface): bool {
  let p = settings;
  const end = p + settingsBytes;
  const slash = bytesIndexOf(p, <u32>(end - p), 0x2f);
  if (slash < 0) return false;
  const address = parseAddress4(p, <u32>slash);
  p += <u32>slash + 1;
  const prefixLength = wordLength(p, end);
  const prefix = parseDecimal(p, prefixLength);
  if (address <= 0 || prefix < 1 || prefix > 32) return false;
  p += prefixLength;
  let gateway: i64 = 0;
  for (let field = 0; p < end; field++) {
    p++;
    const n = wordLength(p, end);
    const v4 = parseAddress4(p, n);
    if (v4 < 0) return false;
    if (field == 0) gateway = v4;
    else nameServerAdd(<u32>v4);
    p += n;
  }
  return hostAddress(i, <u32>address, <u32>prefix, <u32>gateway);
}

/** Bytes up to the next comma. */
function wordLength(p: usize, end: usize): u32 {
  const n = bytesIndexOf(p, <u32>(end - p), 0x2c);
  return n < 0 ? <u32>(end - p) : <u32>n;
}

// Containers -------------------------------------------------------------------------------------------------------------------------------

/** Puts the container on the switch: its end, or null when memory is short. */
export function containerJoin(c: Container): Interface | null {
  if (!hostSpace()) return null;
  const net = spaceOf(c);
  const space = net ? inetOf(net) : null;
  return space ? switchJoin(space) : null;
}

/** The container has no network of its own, but the host's: false when memory is short. */
export function containerUseHost(c: Container): bool {
  const net: NetSpace | null = spaceOf(hostContainer);
  if (!net) return false;
  c.net = changetype<usize>(spaceRetain(net));
  return true;
}
