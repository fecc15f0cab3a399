// TCP's way in: packets become segments, and ICMP errors about segments of ours (RFC 1122, 4.2.3.9; RFC 5927: the quoted sequence number must be
// outstanding) are remembered and told if the connection fails later; a path that takes only shorter packets makes shorter segments (RFC 1191).
// What comes in is copied from its packet to a block, which is the one copy between a driver and the socket's queue.

import { Errno } from "../../errno";
import { blockNew, blockRelease, Chain, chainAppend, chainClear, pieceNew } from "../chain";
import { setAddress } from "../inet/address";
import { Counter } from "../inet/counters";
import { flowRoute } from "../inet/flow";
import { news, newsLocal, newsRemote } from "../inet/icmp";
import { EndpointKind, flowOf } from "../inet/inet";
import { Interface } from "../inet/interface";
import { connectionFind, PortTable } from "../inet/ports";
import { count, InetSpace } from "../inet/space";
import { Packet, packetDestination, PacketFlag, packetFree, packetLinear, packetRead, packetSource } from "../packet";
import { tcpSegment } from "./arrive";
import { tcpEnd } from "./end";
import { tcpSettle } from "./loopback";
import { sizeAgree } from "./negotiate";
import { recoveryTimeout } from "./recovery";
import { after, before, segmentData, segmentDestination, segmentFree, segmentNew, segmentSource } from "./segment";
import { tcpOfEndpoint, tcpRelease, TcpFlag, TcpSocket, TcpState } from "./socket";
import { retransmitStart, tcpClock } from "./timer";
import { headerRead, HEADER_BYTES } from "./wire";

/** Copies `bytes` of the packet from `offset` on to the chain: false when memory is short. */
function chainFromPacket(chain: Chain, p: Packet, offset: u32, bytes: u32): bool {
  while (bytes != 0) {
    const block = blockNew(bytes, false);
    const n = block ? min(bytes, block.capacity) : 0;
    const piece = block ? pieceNew(block, 0, n) : null;
    if (!piece || !block) {
      if (block) blockRelease(block);
      chainClear(chain);
      return false;
    }
    packetRead(p, offset, block.data, n);
    block.used = n;
    chainAppend(chain, piece);
    offset += n;
    bytes -= n;
  }
  return true;
}

/** A segment has come in, with its header's first 20 bytes in one part and a right checksum. Consumes it. */
export function tcpInput(space: InetSpace, p: Packet): void {
  const length: u32 = p.length < HEADER_BYTES ? 0 : ((<u32>load<u8>(p.data, 12)) >> 4) << 2;
  const segment = length >= HEADER_BYTES && length <= p.length && packetLinear(p, length) ? segmentNew(space) : null;
  if (!segment) {
    count(space, Counter.TcpInErrors);
    packetFree(p);
    return;
  }
  setAddress(segmentSource(segment), packetSource(p));
  setAddress(segmentDestination(segment), packetDestination(p));
  segment.device = p.interface != 0 ? changetype<Interface>(p.interface).index : 0;
  headerRead(segment, p.data, p.length);
  // Nobody connects to many.
  const fine = (p.flags & (<u16>PacketFlag.Broadcast)) == 0 && chainFromPacket(segmentData(segment), p, length, p.length - length);
  packetFree(p);
  if (!fine) {
    segmentFree(segment);
    return;
  }
  tcpClock();
  tcpSegment(segment);
  tcpSettle();
}

/** An ICMP error about a segment: kernel/net/inet/icmp.ts has it in `news`. */
export function tcpIcmpError(space: InetSpace): void {
  const table = changetype<PortTable | null>(space.tcp);
  if (!table) return;
  const e = connectionFind(table, newsLocal(), bswap<u16>(news.localPort), newsRemote(), bswap<u16>(news.remotePort));
  if (!e || e.kind != EndpointKind.Socket) return;
  const s = tcpOfEndpoint(e);
  if (before(news.sequence, s.sendUnacknowledged) || after(news.sequence, s.sendNext)) return;
  tcpClock();
  s.refs++;
  if (news.errno == Errno.EMSGSIZE) shorter(s);
  else if (s.tcpState == TcpState.SynSent || s.tcpState == TcpState.SynReceived) {
    if (news.isHard) tcpEnd(s, news.errno);
    else s.softError = news.errno;
  } else s.softError = news.errno;
  tcpRelease(s);
  tcpSettle();
}

/** The path takes shorter packets than was thought: what is outstanding is cut anew and sent again, without suspicion of congestion. */
function shorter(s: TcpSocket): void {
  if (flowRoute(s.inet, flowOf(s)) < 0) return;
  const old = s.sendSize;
  sizeAgree(s);
  if (s.sendSize >= old || s.sendNext == s.sendUnacknowledged || s.tcpState == TcpState.SynSent || s.tcpState == TcpState.SynReceived)
    return;
  const window = s.congestionWindow;
  const threshold = s.slowStartThreshold;
  recoveryTimeout(s);
  s.congestionWindow = max(window, s.sendSize);
  s.slowStartThreshold = threshold;
  s.flags &= ~TcpFlag.Timing;
  retransmitStart(s);
}
