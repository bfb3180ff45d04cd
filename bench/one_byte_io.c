/* PAIRS (a million) one-byte reads and as many one-byte writes, one system call each: the densest stream of events there is. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int in = open("/dev/zero", O_RDONLY), out = open("/dev/null", O_WRONLY);
	long pairs = argc > 1 ? atol(argv[1]) : 1000000;
	char byte;

	if (in < 0 || out < 0) {
		perror("one_byte_io");
		return 1;
	}
	for (long i = 0; i < pairs; i++) {
		if (read(in, &byte, 1) != 1 || write(out, &byte, 1) != 1) {
			perror("one_byte_io");
			return 1;
		}
	}
	return 0;
}
