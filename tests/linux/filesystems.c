// SPDX-License-Identifier: MIT
/* File systems: tmpfs semantics, links, sparse files, locks, attributes, directories, proc and sysfs. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "check.h"

static int make(const char *name, const char *text)
{
	int file = open(name, O_CREAT | O_TRUNC | O_RDWR, 0644);

	need(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text), name);
	return file;
}

static void links(void)
{
	struct stat info;
	char target[32] = { 0 };

	close(make("one", "content"));
	check(link("one", "two") == 0 && stat("one", &info) == 0 && info.st_nlink == 2, "a second name");
	check(symlink("two", "soft") == 0 && readlink("soft", target, 31) == 3, "a symbolic link");
	check(stat("soft", &info) == 0 && info.st_size == 7, "leads to the file");
	check(rename("one", "two/x") == -1 && errno == ENOTDIR, "rename below a file");
	check(unlink("two") == 0 && stat("soft", &info) == -1 && errno == ENOENT, "a dangling link");
	check(symlink("loop", "loop") == 0 && open("loop", O_RDONLY) == -1 && errno == ELOOP, "a loop");
	check(rename("one", "three") == 0 && access("one", F_OK) == -1 && access("three", F_OK) == 0, "rename");
}

static void sparse(void)
{
	int file = make("sparse", "x");
	struct stat info;
	char byte = 1;

	check(pwrite(file, "end", 3, 100 << 20) == 3, "write far out");
	fstat(file, &info);
	check(info.st_size == (100 << 20) + 3 && info.st_blocks <= 24, "a sparse file");
	check(pread(file, &byte, 1, 5000000) == 1 && byte == 0, "reads zero between");
	check(lseek(file, 0, SEEK_HOLE) == 4096 && lseek(file, 8192, SEEK_DATA) == 100 << 20, "holes are found");
	check(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100 << 20, 4096) == 0, "punch a hole");
	check(pread(file, &byte, 1, 100 << 20) == 1 && byte == 0, "reads zero there");
	close(file);
}

static void unlinked(void)
{
	int file = make("gone", "still here");
	char text[16] = { 0 };

	unlink("gone");
	check(pread(file, text, 10, 0) == 10 && !strcmp(text, "still here"), "a file without a name");
	close(file);
}

static void append_and_modes(void)
{
	int one = open("log", O_CREAT | O_WRONLY | O_APPEND, 0600), two = open("log", O_WRONLY | O_APPEND);
	struct stat info;

	for (int i = 0; i < 10; i++)
		need(write(i % 2 ? one : two, "line\n", 5) == 5, "append");
	fstat(one, &info);
	check(info.st_size == 50, "appended by two");
	check(open("log", O_CREAT | O_EXCL | O_WRONLY, 0600) == -1 && errno == EEXIST, "exclusive");
	check(chmod("log", 04751) == 0 && stat("log", &info) == 0 && (info.st_mode & 07777) == 04751, "mode");
	umask(027);
	close(open("masked", O_CREAT | O_WRONLY, 0777));
	stat("masked", &info);
	check((info.st_mode & 0777) == 0750, "umask");
	check(setxattr("log", "trusted.test", "value", 5, 0) == 0 || errno == EOPNOTSUPP, "attribute");
	check(ftruncate(one, 3) == 0 && fstat(one, &info) == 0 && info.st_size == 3, "cut");
	close(one);
	close(two);
}

static void other_user(void *unused)
{
	need(setgid(1000) == 0 && setuid(1000) == 0, "become a user");
	check(open("masked", O_RDONLY) == -1 && errno == EACCES, "another user may not read");
	check(open("new", O_CREAT | O_WRONLY, 0600) == -1 && errno == EACCES, "nor create");
}

static void try_lock(void *unused)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10 };
	int file = open("sparse", O_RDWR);

	check(fcntl(file, F_SETLK, &lock) == -1 && errno == EAGAIN, "a locked range");
	check(flock(file, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK, "a locked file");
	lock.l_start = 100;
	check(fcntl(file, F_SETLK, &lock) == 0, "another range");
}

static void locks(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10 };
	int file = open("sparse", O_RDWR);

	check(fcntl(file, F_SETLK, &lock) == 0 && flock(file, LOCK_EX) == 0, "locks");
	check(exit_code(in_child(try_lock, NULL)) == 0, "seen by another process");
	close(file);
}

static void directories(void)
{
	struct dirent *entry;
	char name[32];
	int count = 0;
	DIR *dir;

	mkdir("many", 0755);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	dir = opendir("many");
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	check(count == 1000, "a thousand files");
	check(rmdir("many") == -1 && errno == ENOTEMPTY, "not empty");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		unlink(name);
	}
	check(rmdir("many") == 0, "removed");
}

static void full(void)
{
	char block[4096] = { 1 };
	int file, written = 0;

	mkdir("small", 0755);
	check(mount("none", "small", "tmpfs", 0, "size=64k") == 0, "a small file system");
	file = open("small/file", O_CREAT | O_WRONLY, 0600);
	while (write(file, block, sizeof(block)) == sizeof(block))
		written++;
	check(errno == ENOSPC && written == 16, "is full after %d pages", written);
	close(file);
	check(umount("small") == 0, "unmounted");
}

static void proc(void)
{
	char line[256], link[64] = { 0 };
	unsigned long start, end, expected = (unsigned long)proc;
	int in_text = 0, maps = 0;
	FILE *file = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), file)) {
		maps++;
		if (sscanf(line, "%lx-%lx r-xp", &start, &end) == 2 && strstr(line, "r-xp") && expected >= start && expected < end)
			in_text = 1;
	}
	fclose(file);
	check(in_text && maps > 4, "maps");
	check(readlink("/proc/self/exe", link, 63) > 0 && strstr(link, "filesystems"), "the program's own file");
	file = fopen("/proc/self/status", "r");
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "Name:", 5) || !strncmp(line, "Threads:", 8) || !strncmp(line, "CapEff:", 7))
			printf("%s", line);
	fclose(file);
	check(access("/sys/kernel/mm", F_OK) == 0 && access("/proc/sys/kernel/ostype", R_OK) == 0, "sysfs and sysctl");
}

int main(void)
{
	mkdir("/tmp/filesystems", 0755);
	need(mount("none", "/tmp/filesystems", "tmpfs", 0, "mode=755") == 0 && chdir("/tmp/filesystems") == 0, "tmpfs");
	links();
	sparse();
	unlinked();
	append_and_modes();
	check(exit_code(in_child(other_user, NULL)) == 0, "permissions");
	locks();
	directories();
	full();
	proc();
	need(chdir("/") == 0 && umount("/tmp/filesystems") == 0, "unmount");
	return check_end();
}
