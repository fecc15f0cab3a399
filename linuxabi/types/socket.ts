// Sockets as Linux programs see them: numbers and layouts of include/uapi/asm-generic/socket.h, include/linux/socket.h and linux/sockios.h, x86-64.

/** Flags in the type of socket(2), socketpair(2) and accept4(2): those of open. */
export const SOCKET_TYPE_MASK: u32 = 15;

export const SOL_SOCKET: u32 = 1;

/** Types of control messages at SOL_SOCKET. */
export const enum ControlType {
  Rights = 1,
  Credentials = 2,
}

/** Of MessageFlag, what only the kernel's 32-bit entry sets. */
export const MSG_CMSG_COMPAT: u32 = 0x80000000;

/** struct msghdr. */
@unmanaged
export class MessageHeader {
  name: u64;
  nameLength: i32;
  pad0: u32;
  vector: u64;
  vectorCount: u64;
  control: u64;
  controlLength: u64;
  flags: u32;
  pad1: u32;
}
export const MESSAGE_HEADER_BYTES: u32 = 56;
if (offsetof<MessageHeader>() != MESSAGE_HEADER_BYTES) ERROR("struct msghdr is 56 bytes");

/** struct mmsghdr: a msghdr, and the bytes sent or received. */
export const MANY_HEADER_BYTES: u32 = 64;
export const MANY_LENGTH_OFFSET: u32 = 56;

/** struct cmsghdr: u64 length with the header, u32 level, u32 type. */
export const CONTROL_HEADER_BYTES: u32 = 16;
/** struct ucred: pid, uid, gid. */
export const CREDENTIALS_BYTES: u32 = 12;

/** Options at SOL_SOCKET. */
export const enum SocketOptionName {
  Debug = 1,
  ReuseAddress = 2,
  Type = 3,
  Error = 4,
  DontRoute = 5,
  Broadcast = 6,
  SendBuffer = 7,
  ReceiveBuffer = 8,
  KeepAlive = 9,
  OutOfBandInline = 10,
  NoCheck = 11,
  Priority = 12,
  Linger = 13,
  BsdCompatible = 14,
  ReusePort = 15,
  PassCredentials = 16,
  PeerCredentials = 17,
  ReceiveLow = 18,
  SendLow = 19,
  ReceiveTimeout = 20,
  SendTimeout = 21,
  BindToDevice = 25,
  DetachFilter = 27,
  PeerName = 28,
  Timestamp = 29,
  AcceptsConnections = 30,
  SendBufferForce = 32,
  ReceiveBufferForce = 33,
  PassSecurity = 34,
  TimestampNs = 35,
  Mark = 36,
  Protocol = 38,
  Domain = 39,
  ReceiveOverflow = 40,
  PeekOffset = 42,
  LockFilter = 44,
  PeerGroups = 59,
  BindToIndex = 62,
  ReceiveTimeoutNew = 66,
  SendTimeoutNew = 67,
}

/** ioctl requests of sockets. */
export const enum SocketIoctl {
  /** FIONREAD and TIOCINQ. */
  InputQueue = 0x541b,
  /** TIOCOUTQ. */
  OutputQueue = 0x5411,
  SetOwner = 0x8901,
  SetGroup = 0x8902,
  GetOwner = 0x8903,
  GetGroup = 0x8904,
  /** SIOCATMARK. */
  AtMark = 0x8905,
  /** SIOCGSTAMP and SIOCGSTAMPNS: struct timeval, struct timespec; and with 64 bits of time on all machines, the same here. */
  Stamp = 0x8906,
  StampNs = 0x8907,
  StampNew = 0x80108906,
  StampNsNew = 0x80108907,
  /** SIOCOUTQNSD. */
  OutputUnsent = 0x894b,
}
