/* A ring of io_uring by its system calls, one request at a time. */
#ifndef CATENA_TESTS_URING_H
#define CATENA_TESTS_URING_H

#include "truth.h"

#include <linux/io_uring.h>
#include <sys/mman.h>

/* Newer than Debian 12's headers. */
#define OP_READ_MULTISHOT 49
#define OP_FTRUNCATE 55
#define OP_BIND 56
#define OP_LISTEN 57
#define OP_PIPE 62

struct ring {
    int fd;
    unsigned flags;  /* that every request gets */
    unsigned setup;  /* IORING_SETUP_… */
    unsigned staged; /* requests that the kernel cannot see yet */
    struct io_uring_params params;
    unsigned char *sq, *cq;
    struct io_uring_sqe* sqes;
};

static inline unsigned* ring_word(unsigned char* base, unsigned offset) { return (unsigned*)(base + offset); }

static inline void* ring_map(int fd, size_t size, off_t offset) {
    void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

    if (memory == MAP_FAILED) truth_die(__FILE__, __LINE__, "mmap of a ring");
    return memory;
}

/* A ring of 8 entries; skips the program where there is no io_uring. */
static inline struct ring ring_open(unsigned setup, unsigned flags) {
    struct ring ring = {.flags = flags, .setup = setup, .params = {.flags = setup, .sq_thread_idle = 50}};

    ring.fd = syscall(SYS_io_uring_setup, 8, &ring.params);
    if (ring.fd < 0 && (errno == ENOSYS || errno == EPERM))
        truth_skip("io_uring is disabled here (/proc/sys/kernel/io_uring_disabled)");
    MUST(ring.fd);
    ring.sq = ring_map(ring.fd, ring.params.sq_off.array + ring.params.sq_entries * sizeof(unsigned),
                       IORING_OFF_SQ_RING);
    ring.cq =
        ring_map(ring.fd, ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe),
                 IORING_OFF_CQ_RING);
    ring.sqes = ring_map(ring.fd, ring.params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
    return ring;
}

/* Puts a request into the ring; ring_enter shows it to the kernel, together with those before it. */
static inline void ring_put(struct ring* ring, struct io_uring_sqe request) {
    unsigned* tail = ring_word(ring->sq, ring->params.sq_off.tail);
    unsigned at = (*tail + ring->staged++) & *ring_word(ring->sq, ring->params.sq_off.ring_mask);

    request.flags |= ring->flags;
    ring->sqes[at] = request;
    ring_word(ring->sq, ring->params.sq_off.array)[at] = at;
}

/* Submits so many requests and waits until so many completions are there. */
static inline void ring_enter(struct ring* ring, unsigned requests, unsigned completions) {
    unsigned flags = completions ? IORING_ENTER_GETEVENTS : 0;
    unsigned* tail = ring_word(ring->sq, ring->params.sq_off.tail);

    __atomic_store_n(tail, *tail + ring->staged, __ATOMIC_RELEASE);
    ring->staged = 0;

    if (ring->setup & IORING_SETUP_SQPOLL) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (__atomic_load_n(ring_word(ring->sq, ring->params.sq_off.flags), __ATOMIC_ACQUIRE) &
            IORING_SQ_NEED_WAKEUP)
            flags |= IORING_ENTER_SQ_WAKEUP;
    }
    MUST(syscall(SYS_io_uring_enter, ring->fd, requests, completions, flags, NULL, 0));
}

/* Takes one completion, waiting for it. */
static inline struct io_uring_cqe ring_take(struct ring* ring) {
    unsigned* head = ring_word(ring->cq, ring->params.cq_off.head);
    unsigned* tail = ring_word(ring->cq, ring->params.cq_off.tail);
    struct io_uring_cqe* all = (void*)(ring->cq + ring->params.cq_off.cqes);

    while (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head) ring_enter(ring, 0, 1);
    struct io_uring_cqe taken = all[*head & *ring_word(ring->cq, ring->params.cq_off.ring_mask)];
    __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
    return taken;
}

/* One request from its beginning to its end: what the system call would have returned. */
static inline long ring_do(struct ring* ring, struct io_uring_sqe request) {
    ring_put(ring, request);
    ring_enter(ring, 1, 1);
    long result = ring_take(ring).res;
    errno = result < 0 ? (int)-result : 0;
    return result;
}

static inline int ring_register(struct ring* ring, unsigned what, const void* data, unsigned count) {
    return syscall(SYS_io_uring_register, ring->fd, what, data, count);
}

#endif
