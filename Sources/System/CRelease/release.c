#include "release.h"

// A section of its own, which can be found in the finished program: so no commit builds anything anew.
__attribute__((section("stocktake_commit"))) const char stocktake_build_text[48] = "";

const char *stocktake_build(void) { return stocktake_build_text; }
