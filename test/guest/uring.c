// What AppArmor mediates of io_uring: `sqpoll` starts a polling thread, `override` has a request done with credentials
// that were registered before. Exits with 0 when the kernel did it, and with 1 when it refused.
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int setup(unsigned flags, struct io_uring_params *params) {
  memset(params, 0, sizeof *params);
  params->flags = flags;
  return (int)syscall(SYS_io_uring_setup, 1, params);
}

static void *map(int ring, size_t size, off_t offset) {
  return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, offset);
}

static int override(void) {
  struct io_uring_params params;
  const int ring = setup(0, &params);
  const long id = syscall(SYS_io_uring_register, ring, IORING_REGISTER_PERSONALITY, NULL, 0);
  if (ring < 0 || id < 0) return 2;
  char *sq = map(ring, params.sq_off.array + sizeof(unsigned), IORING_OFF_SQ_RING);
  char *cq = map(ring, params.cq_off.cqes + 2 * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
  struct io_uring_sqe *request = map(ring, sizeof *request, IORING_OFF_SQES);
  if (sq == MAP_FAILED || cq == MAP_FAILED || request == MAP_FAILED) return 2;
  memset(request, 0, sizeof *request);
  request->opcode = IORING_OP_NOP;
  request->personality = (unsigned short)id;
  *(unsigned *)(void *)(sq + params.sq_off.array) = 0;
  __atomic_store_n((unsigned *)(void *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) return 1;
  return ((struct io_uring_cqe *)(void *)(cq + params.cq_off.cqes))->res == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "override") == 0) return override();
  struct io_uring_params params;
  return setup(IORING_SETUP_SQPOLL, &params) < 0 ? 1 : 0;
}
