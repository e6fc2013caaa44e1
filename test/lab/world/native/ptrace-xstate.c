/*
 * Lets User Mode Linux boot on processors whose extended state is larger than it knows (Intel AMX: 11,008 bytes where
 * Debian's 6.1 has room for 2,696). It saves and restores the registers of its processes with
 * PTRACE_GETREGSET and PTRACE_SETREGSET of NT_X86_XSTATE. The host cuts what it gives to the room there is, but takes
 * nothing less than the whole (arch/x86/kernel/fpu/regset.c: xstateregs_set answers EFAULT). So what is missing is added
 * here: empty, for no process in the lab has asked for the permission to use it.
 *
 * Built by ../xstate.ts and loaded into the kernel by LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

/* More than any processor has. */
#define MOST 65536
/* struct xstate_header follows the 512 bytes of FXSAVE; its first word says which parts are not in their initial state. */
#define XSTATE_BV 512
/* All that lies within the room that User Mode Linux has: x87, SSE, AVX, MPX, AVX-512, PKRU. */
#define KNOWN ((uint64_t)0x2ff)

typedef long (*ptrace_call)(int, pid_t, void *, void *);

static ptrace_call next_ptrace(void) {
  static ptrace_call call;
  if (!call) {
    void *symbol = dlsym(RTLD_NEXT, "ptrace");
    memcpy(&call, &symbol, sizeof call);
  }
  return call;
}

/* How much the host takes: what it would give. The same for every process. */
static size_t whole_size(pid_t pid, void *note) {
  static size_t size;
  static char scratch[MOST];
  struct iovec vector = {scratch, sizeof scratch};
  if (size == 0 && next_ptrace()(PTRACE_GETREGSET, pid, note, &vector) == 0) size = vector.iov_len;
  return size;
}

static long set_whole(pid_t pid, void *note, struct iovec *given) {
  static char whole[MOST]; /* beyond what is given it stays empty */
  struct iovec vector = {whole, whole_size(pid, note)};
  if (given->iov_len >= vector.iov_len) return next_ptrace()(PTRACE_SETREGSET, pid, note, given);
  memcpy(whole, given->iov_base, given->iov_len);
  uint64_t parts;
  memcpy(&parts, whole + XSTATE_BV, sizeof parts);
  parts &= KNOWN;
  memcpy(whole + XSTATE_BV, &parts, sizeof parts);
  return next_ptrace()(PTRACE_SETREGSET, pid, note, &vector);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  pid_t pid = va_arg(arguments, pid_t);
  void *address = va_arg(arguments, void *);
  void *data = va_arg(arguments, void *);
  va_end(arguments);
  if (request == PTRACE_SETREGSET && (uintptr_t)address == NT_X86_XSTATE) return set_whole(pid, address, data);
  return next_ptrace()(request, pid, address, data);
}
