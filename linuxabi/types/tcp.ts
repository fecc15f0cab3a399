// TCP sockets as Linux programs see them: numbers and layouts of linux/tcp.h.

/** Options at IPPROTO_TCP. */
export const enum TcpOption {
  NoDelay = 1,
  MaximumSize = 2,
  Cork = 3,
  KeepIdle = 4,
  KeepInterval = 5,
  KeepCount = 6,
  SynCount = 7,
  LingerAfter = 8,
  DeferAccept = 9,
  WindowClamp = 10,
  Info = 11,
  QuickAck = 12,
  Congestion = 13,
  ThinTimeouts = 16,
  ThinDuplicates = 17,
  UserTimeout = 18,
  Repair = 19,
  FastOpen = 23,
  Timestamp = 24,
  NotSentLow = 25,
  CongestionInfo = 26,
  FastOpenConnect = 30,
  UpperProtocol = 31,
}

/** Bounds of the options' values (include/net/tcp.h). */
export const KEEP_SECONDS_MAX: i32 = 32767;
export const KEEP_COUNT_MAX: i32 = 127;
export const SYN_COUNT_MAX: i32 = 127;
export const SIZE_MIN: i32 = 88;
export const SIZE_MAX: i32 = 32767;
export const LINGER_AFTER_MAX: i32 = 120;
export const WINDOW_CLAMP_MIN: u32 = 1152;
/** TCP_CA_NAME_MAX: a congestion algorithm's name, with NULs behind it. */
export const ALGORITHM_NAME_BYTES: u32 = 16;

/** Offsets in struct tcp_info, which begins with eight bytes of state; all are u32 unless their name ends in 64. */
export const enum TcpInfo {
  State = 0,
  CongestionState = 1,
  Retransmits = 2,
  Probes = 3,
  Backoff = 4,
  Options = 5,
  Scales = 6,
  TimeoutUs = 8,
  AckTimeoutUs = 12,
  SendSize = 16,
  ReceiveSize = 20,
  Unacknowledged = 24,
  Sacked = 28,
  Lost = 32,
  LastDataSentMs = 44,
  LastDataReceivedMs = 52,
  LastAckReceivedMs = 56,
  PathMtu = 60,
  ReceiveThreshold = 64,
  RoundTripUs = 68,
  RoundTripVarianceUs = 72,
  SendThreshold = 76,
  CongestionWindow = 80,
  AdvertisedSize = 84,
  Reordering = 88,
  ReceiveSpace = 96,
  TotalRetransmissions = 100,
  PacingRate64 = 104,
  PacingRateMax64 = 112,
  BytesAcknowledged64 = 120,
  BytesReceived64 = 128,
  SegmentsOut = 136,
  SegmentsIn = 140,
  NotSent = 144,
  MinimumUs = 148,
  DataIn = 152,
  DataOut = 156,
  Delivered = 192,
  BytesSent64 = 200,
  BytesRetransmitted64 = 208,
  SendWindow = 228,
  ReceiveWindow = 232,
}
export const TCP_INFO_BYTES: u32 = 240;
