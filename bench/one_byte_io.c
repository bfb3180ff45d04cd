/* A million one-byte reads and as many one-byte writes, one system call each: the densest stream of events there is. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	int in = open("/dev/zero", O_RDONLY), out = open("/dev/null", O_WRONLY);
	char byte;

	if (in < 0 || out < 0) {
		perror("one_byte_io");
		return 1;
	}
	for (int i = 0; i < 1000000; i++) {
		if (read(in, &byte, 1) != 1 || write(out, &byte, 1) != 1) {
			perror("one_byte_io");
			return 1;
		}
	}
	return 0;
}
