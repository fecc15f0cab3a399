// The system calls of the host's world: one row per call, in order of number (docs/host-syscalls.md; userland/lib/call.ts). The other table
// is linuxabi/table.ts; a thread's process says which is its own.

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { hostContainerCreate, hostContainerDelete, hostContainerKill, hostContainerStart, hostContainerState } from "./containers";
import { hostClose, hostOpen, hostRead, hostReadDirectory, hostResize, hostSeek, hostStat, hostStatDescriptor, hostWrite } from "./files";
import { hostContainerList, hostContainerProcesses } from "./lists";
import { hostLog, hostPower, hostPowerButton, hostRandom, hostSystemInformation, hostTime } from "./machine";
import {
  hostGetDirectory,
  hostMakeDirectory,
  hostMakeLink,
  hostMakeNode,
  hostMakeSymlink,
  hostReadSymlink,
  hostRemove,
  hostRename,
  hostSetAttribute,
  hostSetDirectory,
  hostSetMode,
  hostSetOwner,
  hostSetTimes,
} from "./names";
import { hostNetworkList } from "./network";
import { hostPoll } from "./poll";
import { hostExit, hostGetPid, hostGrow, hostKill, hostSleep, hostSpawn, hostWait } from "./process";
import { hostAccept, hostBind, hostConnect, hostListen, hostReceive, hostSend, hostShutdown, hostSocket, hostSocketName } from "./sockets";
import { hostMountTree, hostSealTree, hostSetRoot, hostUnmountTree } from "./trees";
import { hostTerminalMode, hostTerminalSize } from "./terminal";
import { hostContainerExec, hostContainerWait } from "./waiting";

/** Runs the host call in rax with its arguments in rdi, rsi, rdx, r10, r8 and r9: its result, BLOCKED, or -ENOSYS. */
export function hostCall(t: Thread): Result {
  // prettier-ignore
  switch (<u32>t.call) {
    case 1: return hostContainerCreate(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8, t.r9);
    case 2: return hostContainerStart(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 3: return hostContainerState(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8);
    case 4: return hostContainerKill(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8);
    case 5: return hostContainerDelete(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 6: return hostContainerExec(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8, t.r9);
    case 7: return hostContainerWait(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 8: return hostContainerList(t, t.rdi, t.rsi, t.rdx);
    case 9: return hostContainerProcesses(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8);
    case 10: return hostExit(t, t.rdi);
    case 11: return hostSpawn(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8, t.r9);
    case 12: return hostWait(t, t.rdi, t.rsi);
    case 13: return hostKill(t, t.rdi, t.rsi);
    case 14: return hostGetPid(t);
    case 15: return hostGrow(t, t.rdi);
    case 16: return hostSleep(t, t.rdi);
    case 17: return hostTime(t, t.rdi);
    case 18: return hostRandom(t, t.rdi, t.rsi);
    case 19: return hostPoll(t, t.rdi, t.rsi, t.rdx);
    case 20: return hostOpen(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 21: return hostClose(t, t.rdi);
    case 22: return hostRead(t, t.rdi, t.rsi, t.rdx);
    case 23: return hostWrite(t, t.rdi, t.rsi, t.rdx);
    case 24: return hostSeek(t, t.rdi, t.rsi, t.rdx);
    case 25: return hostResize(t, t.rdi, t.rsi);
    case 26: return hostStat(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 27: return hostStatDescriptor(t, t.rdi, t.rsi);
    case 28: return hostReadDirectory(t, t.rdi, t.rsi, t.rdx);
    case 29: return hostMakeDirectory(t, t.rdi, t.rsi, t.rdx);
    case 30: return hostRemove(t, t.rdi, t.rsi);
    case 31: return hostRename(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 32: return hostMakeSymlink(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 33: return hostReadSymlink(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 34: return hostMakeLink(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 35: return hostSetMode(t, t.rdi, t.rsi, t.rdx);
    case 36: return hostSetOwner(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 37: return hostMakeNode(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 38: return hostSetTimes(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 39: return hostSetDirectory(t, t.rdi, t.rsi);
    case 40: return hostGetDirectory(t, t.rdi, t.rsi);
    case 41: return hostTerminalMode(t, t.rdi, t.rsi);
    case 42: return hostTerminalSize(t, t.rdi);
    case 43: return hostLog(t, t.rdi, t.rsi, t.rdx);
    case 44: return hostSystemInformation(t, t.rdi, t.rsi);
    case 45: return hostPower(t, t.rdi);
    case 46: return hostSocket(t, t.rdi, t.rsi, t.rdx);
    case 47: return hostBind(t, t.rdi, t.rsi, t.rdx);
    case 48: return hostListen(t, t.rdi, t.rsi);
    case 49: return hostAccept(t, t.rdi, t.rsi);
    case 50: return hostConnect(t, t.rdi, t.rsi, t.rdx);
    case 51: return hostSend(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8, t.r9);
    case 52: return hostReceive(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8, t.r9);
    case 53: return hostShutdown(t, t.rdi, t.rsi);
    case 54: return hostSocketName(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 55: return hostNetworkList(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8);
    case 56: return hostMountTree(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 57: return hostSealTree(t, t.rdi, t.rsi);
    case 58: return hostUnmountTree(t, t.rdi, t.rsi);
    case 59: return hostSetRoot(t, t.rdi, t.rsi);
    case 60: return hostSetAttribute(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8, t.r9);
    case 61: return hostPowerButton(t);
  }
  return -Errno.ENOSYS;
}
