/**
 * The only list of error classes. Each has a stable `code` that scripts, tests and docs may rely on, and a message
 * that is one line: what is wrong, and what to do about it.
 */
export abstract class BondheraldError extends Error {
  /** Stable identifier, upper case with underscores. */
  abstract readonly code: string;
  /** The exit code of a command that ends with this error: 1 failed, 2 wrong usage or configuration. */
  readonly exitCode: 1 | 2 = 1;

  override get name(): string {
    return this.code;
  }
}

/** The class of errors with a code. */
function coded<const Code extends string>(code: Code) {
  return class extends BondheraldError {
    readonly code = code;
  };
}

/** The command line asks for something that cannot be: a malformed MAC, an unknown bond, a bond of another mode. */
export class UsageError extends coded('USAGE') {
  override readonly exitCode = 2;
}

/** The configuration is wrong. `problems` has a line for each thing that is. */
export class ConfigError extends coded('CONFIG') {
  override readonly exitCode = 2;
  readonly problems: readonly string[];

  constructor(...problems: string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

/** A netlink message that is truncated, or whose lengths contradict each other. */
export class NetlinkDecodeError extends coded('NETLINK_DECODE') {}

/** The kernel answered a netlink request with an error, or not at all. */
export class NetlinkRequestError extends coded('NETLINK_REQUEST') {}

/** A frame that is too short for what its header promises, or values that no frame can carry. */
export class FrameError extends coded('FRAME') {}

/** A system call failed. `errno` is its symbolic name, for example ENETDOWN. */
export class SyscallError extends coded('SYSCALL') {
  constructor(
    readonly syscall: string,
    readonly errno: string,
    what: string,
  ) {
    super(`${what}: ${syscall}: ${errno}`);
  }
}

/** The process lacks a capability. */
export class PermissionError extends coded('PERMISSION') {}

/** The bond has no slave that carries traffic now. */
export class NoActiveSlaveError extends coded('NO_ACTIVE_SLAVE') {}

/** The address for the metrics cannot be listened on. */
export class ListenError extends coded('LISTEN') {}

/** The failover thread ended, or never became ready. */
export class FailoverThreadError extends coded('FAILOVER_THREAD') {}

/** A status file of libvirt that is cut off, or not what libvirt writes. */
export class LibvirtStatusError extends coded('LIBVIRT_STATUS') {}

/** A configuration file of a Proxmox VE guest that is not what Proxmox writes. */
export class ProxmoxConfigError extends coded('PROXMOX_CONFIG') {}

/** Bytes on a socket of Open vSwitch that are no JSON-RPC, or a message beyond our limits. */
export class JsonRpcError extends coded('JSON_RPC') {}

/** Open vSwitch refused a request, did not answer it, or answered what makes no sense. */
export class OvsAnswerError extends coded('OVS_ANSWER') {}

/** The thread that listens on the bonds ended, or never became ready. */
export class SnoopThreadError extends coded('SNOOP_THREAD') {}

/**
 * A switch of Open vSwitch cannot be reached by OpenFlow, or does not speak it as it should. `reason` is a symbolic
 * errno or the name of an OpenFlow error.
 */
export class OpenFlowError extends coded('OPEN_FLOW') {
  constructor(
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/** A part of the daemon ended by itself. */
export class TaskEndedError extends coded('TASK_ENDED') {}

/** A request or answer on the control socket that is too long, of another version, or makes no sense. */
export class ControlMessageError extends coded('CONTROL_MESSAGE') {}

/** The control socket cannot be made or reached. `errno` is the symbolic name of the cause, for example ENOENT. */
export class ControlSocketError extends coded('CONTROL_SOCKET') {
  constructor(
    readonly errno: string,
    message: string,
  ) {
    super(message);
  }
}

/** Another daemon serves the control socket. */
export class AlreadyRunningError extends coded('ALREADY_RUNNING') {}

/** The daemon does so much of this already that it will not begin another. */
export class BusyError extends coded('BUSY') {}

/** The daemon failed at what it was asked for. `daemonCode` is the code of its own error. */
export class DaemonError extends coded('DAEMON') {
  constructor(
    readonly daemonCode: string,
    message: string,
  ) {
    super(message);
  }
}

/** A part that is optional is not installed. */
export class MissingModuleError extends coded('MISSING_MODULE') {}

/** Runs a step. @returns what it threw; null for nothing. @throws what is no BondheraldError */
export function failureOf(step: () => unknown): BondheraldError | null {
  try {
    step();
    return null;
  } catch (error) {
    if (error instanceof BondheraldError) return error;
    throw error;
  }
}

/** The one line that an operator gets to read of an error. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split('\n').map((line) => line.trim());
  const line = lines.filter((each) => each !== '').join(' ');
  return error instanceof BondheraldError ? line : `internal error, please report it: ${line}`;
}
