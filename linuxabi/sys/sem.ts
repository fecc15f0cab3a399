// System V semaphores: semget(2), semop(2), semtimedop(2), semctl(2).

import { Errno } from "../../kernel/errno";
import {
  heldSet,
  OPERATION_BYTES,
  OPERATIONS_MAX,
  SEMAPHORE_MAX,
  semaphorePid,
  semaphoreSet,
  SEMAPHORES_MAX,
  SEMAPHORES_PER_SET,
  SemaphoreSet,
  semaphoreTotal,
  semaphoreValue,
  semaphoreWaiters,
  setChanged,
  setDestroy,
  setNew,
  setOperate,
} from "../../kernel/ipc/semaphore";
import { ipcCount, ipcFind, ipcFound, ipcGet, IpcKind, ipcPermission, SEMAPHORE_SETS_MAX } from "../../kernel/ipc/table";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { IpcCommand, SEMINFO_BYTES, SemCommand, SemStatus } from "../types/ipc";
import { foundId, highestPlace, ipcObject, ownedObject, permittedObject, placedObject, putPermission, takePermission } from "./ipc";
import { deadlineNs, timeoutIn, TimeUnit } from "./timeout";

const READ: u32 = 0o444;
const ALTER: u32 = 0o222;

const status = memory.data(offsetof<SemStatus>(), 8);
const operations = memory.data(3000, 8);
if (3000 != OPERATIONS_MAX * OPERATION_BYTES) ERROR("SEMOPM operations fit");

export function sysSemget(t: Thread, key: i32, count: i32, flags: u32): Result {
  if (count < 0 || <u32>count > SEMAPHORES_PER_SET) return -Errno.EINVAL;
  const c = t.process.container;
  const r = ipcGet(c, IpcKind.Semaphores, key, flags);
  if (r < 0) return r;
  if (changetype<usize>(ipcFound) != 0) {
    if (<u32>count > changetype<SemaphoreSet>(ipcFound).count) return -Errno.EINVAL;
    return foundId(t, flags);
  }
  return count == 0 ? -Errno.EINVAL : setNew(c, key, count, flags, t.credentials);
}

export function sysSemop(t: Thread, id: i32, ua: u64, count: u64): Result {
  return sysSemtimedop(t, id, ua, count, 0);
}

export function sysSemtimedop(t: Thread, id: i32, ua: u64, count: u64, timeout: u64): Result {
  let r = timeoutIn(t, timeout, TimeUnit.Timespec);
  if (r < 0) return r;
  if (count == 0 || id < 0) return -Errno.EINVAL;
  if (count > OPERATIONS_MAX) return -Errno.E2BIG;
  r = copyIn(operations, ua, <u32>count * OPERATION_BYTES);
  if (r < 0) return r;
  let set = heldSet(t);
  if (changetype<usize>(set) == 0) {
    set = changetype<SemaphoreSet>(ipcFind(t.process.container, IpcKind.Semaphores, id));
    if (changetype<usize>(set) == 0) return -Errno.EINVAL;
  }
  if (set.isRemoved) return -Errno.EIDRM;
  let alters = false;
  for (let i: u32 = 0; i < <u32>count; i++) {
    const p = operations + i * OPERATION_BYTES;
    if (<u32>load<u16>(p) >= set.count) return -Errno.EFBIG;
    if (load<i16>(p, 2) != 0) alters = true;
  }
  r = ipcPermission(set, t.credentials, alters ? ALTER : READ);
  if (r < 0) return r;
  r = setOperate(t, set, operations, <u32>count, alters, deadlineNs);
  // A signal always ends the call (signal(7)); the time being up is told like a call that must not wait.
  return r == -Errno.ERESTARTSYS ? -Errno.EINTR : r == -Errno.ETIMEDOUT ? -Errno.EAGAIN : r;
}

export function sysSemctl(t: Thread, id: i32, number: i32, command: i32, argument: u64): Result {
  if (id < 0) return -Errno.EINVAL;
  switch (command) {
    case IpcCommand.IPC_INFO:
    case SemCommand.SEM_INFO:
      return limitsOut(t, argument, command == SemCommand.SEM_INFO);
    case IpcCommand.IPC_STAT: {
      const r = permittedObject(t, IpcKind.Semaphores, id, READ);
      return r < 0 ? r : statusOut(argument, 0);
    }
    case SemCommand.SEM_STAT:
    case SemCommand.SEM_STAT_ANY: {
      const r = placedObject(t, IpcKind.Semaphores, id, command == SemCommand.SEM_STAT_ANY);
      return r < 0 ? r : statusOut(argument, ipcObject.id);
    }
    case IpcCommand.IPC_SET: {
      let r = copyIn(status, argument, offsetof<SemStatus>());
      if (r >= 0) r = ownedObject(t, IpcKind.Semaphores, id);
      return r < 0 ? r : takePermission(ipcObject, changetype<SemStatus>(status));
    }
    case IpcCommand.IPC_RMID: {
      const r = ownedObject(t, IpcKind.Semaphores, id);
      if (r >= 0) setDestroy(changetype<SemaphoreSet>(ipcObject));
      return r;
    }
    case SemCommand.GETALL:
      return allOut(t, id, argument);
    case SemCommand.SETALL:
      return allIn(t, id, argument);
    case SemCommand.SETVAL:
      return setOne(t, id, number, <i32>argument);
    case SemCommand.GETVAL:
    case SemCommand.GETPID:
    case SemCommand.GETNCNT:
    case SemCommand.GETZCNT:
      return getOne(t, id, number, command);
    default:
      return -Errno.EINVAL;
  }
}

function getOne(t: Thread, id: i32, number: i32, command: i32): Result {
  const r = permittedObject(t, IpcKind.Semaphores, id, READ);
  if (r < 0) return r;
  const set = changetype<SemaphoreSet>(ipcObject);
  if (<u32>number >= set.count) return -Errno.EINVAL;
  if (command == SemCommand.GETVAL) return semaphoreValue(set, <u32>number);
  if (command == SemCommand.GETPID) return semaphorePid(set, <u32>number);
  return semaphoreWaiters(set, <u32>number, command == SemCommand.GETZCNT);
}

function setOne(t: Thread, id: i32, number: i32, value: i32): Result {
  if (value < 0 || value > SEMAPHORE_MAX) return -Errno.ERANGE;
  // Linux looks the set up, then at the number, then at permissions.
  const r = permittedObject(t, IpcKind.Semaphores, id, ALTER);
  if (r == -Errno.EINVAL) return r;
  const set = changetype<SemaphoreSet>(ipcObject);
  if (<u32>number >= set.count) return -Errno.EINVAL;
  if (r < 0) return r;
  semaphoreSet(set, <u32>number, value);
  setChanged(set);
  return 0;
}

function allOut(t: Thread, id: i32, ua: u64): Result {
  let r = permittedObject(t, IpcKind.Semaphores, id, READ);
  if (r < 0) return r;
  const set = changetype<SemaphoreSet>(ipcObject);
  const values = kernelAlloc(set.count * 2);
  if (values == 0) return -Errno.ENOMEM;
  for (let i: u32 = 0; i < set.count; i++) store<u16>(values + (i << 1), <u16>semaphoreValue(set, i));
  r = copyOut(ua, values, set.count * 2);
  kernelFree(values);
  return r < 0 ? r : 0;
}

function allIn(t: Thread, id: i32, ua: u64): Result {
  let r = permittedObject(t, IpcKind.Semaphores, id, ALTER);
  if (r < 0) return r;
  const set = changetype<SemaphoreSet>(ipcObject);
  const values = kernelAlloc(set.count * 2);
  if (values == 0) return -Errno.ENOMEM;
  r = copyIn(values, ua, set.count * 2);
  for (let i: u32 = 0; i < set.count && r >= 0; i++) if (load<u16>(values + (i << 1)) > <u32>SEMAPHORE_MAX) r = -Errno.ERANGE;
  if (r >= 0) {
    for (let i: u32 = 0; i < set.count; i++) semaphoreSet(set, i, load<u16>(values + (i << 1)));
    setChanged(set);
    r = 0;
  }
  kernelFree(values);
  return r;
}

/** Writes struct semid64_ds of the object found last; `result` or -EFAULT. */
function statusOut(ua: u64, result: Result): Result {
  const set = changetype<SemaphoreSet>(ipcObject);
  const out = changetype<SemStatus>(status);
  memory.fill(status, 0, offsetof<SemStatus>());
  putPermission(out, set);
  out.operatedSeconds = set.operatedSeconds;
  out.changedSeconds = set.changedSeconds;
  out.count = set.count;
  const r = copyOut(ua, status, offsetof<SemStatus>());
  return r < 0 ? r : result;
}

/** struct seminfo: limits; with `used`, what there is in two of the fields. */
function limitsOut(t: Thread, ua: u64, used: bool): Result {
  const c = t.process.container;
  store<u32>(status, SEMAPHORES_MAX); // semmap
  store<u32>(status, SEMAPHORE_SETS_MAX, 4);
  store<u32>(status, SEMAPHORES_MAX, 8);
  store<u32>(status, SEMAPHORES_MAX, 12); // semmnu
  store<u32>(status, SEMAPHORES_PER_SET, 16);
  store<u32>(status, OPERATIONS_MAX, 20);
  store<u32>(status, OPERATIONS_MAX, 24); // semume
  store<u32>(status, used ? ipcCount(c, IpcKind.Semaphores) : 20, 28); // semusz
  store<u32>(status, SEMAPHORE_MAX, 32);
  store<u32>(status, used ? semaphoreTotal(c) : <u32>SEMAPHORE_MAX, 36); // semaem
  const r = copyOut(ua, status, SEMINFO_BYTES);
  return r < 0 ? r : highestPlace(t, IpcKind.Semaphores);
}
