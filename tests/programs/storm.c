/*
 * A process storm: `storm SECONDS RATE PROGRAM` starts and ends RATE processes in each second, at even distances, every
 * tenth of them running PROGRAM, and prints how many they were, how many ran it, and how many microseconds it took. Where
 * the machine is not fast enough, it does not catch up: the storm lasts longer instead.
 */
#include <time.h>

#include "truth.h"

enum { BATCH = 20 }; /* processes between two looks at the clock */

static long now_us(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static void start_one(long number, char* program) {
    pid_t child = MUST(number % 10 == 0 ? vfork() : fork());

    if (child == 0) {
        char* arguments[] = {program, "0", NULL};

        if (number % 10 == 0) execv(program, arguments);
        _exit(number % 10 == 0 ? 127 : 0);
    }
    MUST(waitpid(child, NULL, 0));
}

int main(int argc, char** argv) {
    long seconds = argc > 1 ? atol(argv[1]) : 1, rate = argc > 2 ? atol(argv[2]) : 1000, count = seconds * rate, ran = 0;
    long began = now_us();

    if (argc == 2 && strcmp(argv[1], "0") == 0) return 0; /* the program that is run, where it is this one */
    for (long i = 0; i < count; ++i) {
        start_one(i, argc > 3 ? argv[3] : argv[0]);
        ran += i % 10 == 0;
        if (i % BATCH == BATCH - 1) {
            long early = began + (i + 1) * 1000000L / rate - now_us();

            if (early > 0) usleep((useconds_t)early);
        }
    }
    printf("%ld %ld %ld\n", count, ran, now_us() - began);
    return 0;
}
