/* So many threads at once, each of which writes three times: many_threads COUNT. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_barrier_t all_there;
static int null;

static void* write_thrice(void* nothing) {
    pthread_barrier_wait(&all_there);
    for (int i = 0; i < 3; i++) {
        if (write(null, "x", 1) != 1) abort();
    }
    return nothing;
}

int main(int argc, char** argv) {
    int count = argc > 1 ? atoi(argv[1]) : 0;
    pthread_t* threads = calloc((size_t)count + 1, sizeof(*threads));
    pthread_attr_t small;

    null = open("/dev/null", O_WRONLY);
    if (null < 0 || count <= 0 || !threads) return 1;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 32768);
    pthread_barrier_init(&all_there, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++) {
        if (pthread_create(&threads[i], &small, write_thrice, NULL)) {
            perror("pthread_create");
            return 1;
        }
    }
    pthread_barrier_wait(&all_there);
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    return 0;
}
