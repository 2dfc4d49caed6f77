#include <lmdb.h>
#include <sys/types.h>

/* Of the C library, which declares them under _GNU_SOURCE only: Swift's importer does not set that. */
int fallocate(int descriptor, int mode, off_t offset, off_t byteCount);
int renameat2(int fromFolder, const char *from, int toFolder, const char *to, unsigned int flags);
