/* small_files FOLDER TRANSACTIONS FILES SEED: what a mail server does to its spool, after the idea of PostMark (Katcher, 1997).
 *
 * FILES files of 500 to 10,000 bytes are made in FOLDER. Each transaction reads a whole file or appends to one, and then deletes a file
 * or makes a new one, all at random, by the same dice for the same SEED. What is left is deleted at the end. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { smallest = 500, largest = 10000, block = 4096 };

static char buffer[largest];
static uint64_t dice;
static const char *folder;
static unsigned *names;	/* of the files that there are, in no order */
static unsigned count, capacity, next_name;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* xorshift64* */
static unsigned roll(unsigned sides)
{
	dice ^= dice >> 12;
	dice ^= dice << 25;
	dice ^= dice >> 27;
	return (unsigned)((dice * 2685821657736338717ULL) >> 33) % sides;
}

static const char *path_of(unsigned name)
{
	static char path[4200];

	snprintf(path, sizeof(path), "%s/%u", folder, name);
	return path;
}

static void put(int fd, unsigned length)
{
	for (unsigned done = 0, part; done < length; done += part) {
		part = length - done < block ? length - done : block;
		if (write(fd, buffer + done, part) != (ssize_t)part)
			die("small_files: write");
	}
}

static void create_one(void)
{
	int fd;

	if (count == capacity)
		return;
	fd = open(path_of(next_name), O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd < 0)
		die(path_of(next_name));
	put(fd, smallest + roll(largest - smallest));
	close(fd);
	names[count++] = next_name++;
}

static void delete_one(void)
{
	unsigned which;

	if (count == 0)
		return;
	which = roll(count);
	if (unlink(path_of(names[which])) != 0)
		die(path_of(names[which]));
	names[which] = names[--count];
}

static void append_to_one(void)
{
	int fd = open(path_of(names[roll(count)]), O_WRONLY | O_APPEND);

	if (fd < 0)
		die("small_files: open to append");
	put(fd, 1 + roll(smallest));
	close(fd);
}

static void read_one(void)
{
	static char into[block];
	int fd = open(path_of(names[roll(count)]), O_RDONLY);

	if (fd < 0)
		die("small_files: open to read");
	while (read(fd, into, sizeof(into)) > 0)
		;
	close(fd);
}

int main(int argc, char **argv)
{
	long transactions;
	unsigned files;

	if (argc != 5) {
		fprintf(stderr, "usage: small_files FOLDER TRANSACTIONS FILES SEED\n");
		return 2;
	}
	folder = argv[1];
	transactions = atol(argv[2]);
	files = (unsigned)atol(argv[3]);
	dice = strtoull(argv[4], NULL, 10) | 1ULL << 63;
	capacity = 2 * files;
	names = calloc(capacity, sizeof(*names));
	if (!names || files == 0)
		die("small_files: files");
	memset(buffer, 'x', sizeof(buffer));

	while (count < files)
		create_one();
	for (long i = 0; i < transactions; i++) {
		if (count > 0)
			(roll(2) ? read_one : append_to_one)();
		(roll(2) ? create_one : delete_one)();
	}
	while (count > 0)
		delete_one();
	return 0;
}
