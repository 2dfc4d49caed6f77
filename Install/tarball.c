// What the agent of the tarball would else have from versions of glibc after 2.34, with which it is to run, and what
// Debian has in shared libraries only.
#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

// Debian's libexpat.a wants it of glibc 2.36: hashes of names in XML are all that it is for.
void arc4random_buf(void *bytes, size_t count) {
  for (char *at = bytes; count > 0;) {
    ssize_t got = getrandom(at, count, 0);
    if (got < 0) abort();
    at += got;
    count -= (size_t)got;
  }
}

// Swift's runtime names it, of glibc 2.35; a double holds the sum of squares of floats without overflow.
float hypotf(float x, float y) {
  return (float)__builtin_sqrt((double)x * (double)x + (double)y * (double)y);
}

// libxxhash.a does not choose by the processor.
XXH64_hash_t XXH3_64bits_withSeed_dispatch(const void *bytes, size_t count, XXH64_hash_t seed) {
  return XXH3_64bits_withSeed(bytes, count, seed);
}

XXH64_hash_t XXH3_64bits_withSecret_dispatch(
    const void *bytes, size_t count, const void *secret, size_t length) {
  return XXH3_64bits_withSecret(bytes, count, secret, length);
}

XXH128_hash_t XXH3_128bits_withSecret_dispatch(
    const void *bytes, size_t count, const void *secret, size_t length) {
  return XXH3_128bits_withSecret(bytes, count, secret, length);
}
