#include <xxhash.h>

// The library is built for the oldest processors; these choose by the one that is there.
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#endif

static inline XXH128_hash_t xxh3_128_withSecret(
    const void *data, size_t count, const void *secret, size_t secretCount) {
  return XXH3_128bits_withSecret(data, count, secret, secretCount);
}

static inline uint64_t xxh3_64_withSecret(
    const void *data, size_t count, const void *secret, size_t secretCount) {
  return XXH3_64bits_withSecret(data, count, secret, secretCount);
}

static inline uint64_t xxh3_64_withSeed(const void *data, size_t count, uint64_t seed) {
  return XXH3_64bits_withSeed(data, count, seed);
}
