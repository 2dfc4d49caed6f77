#pragma once

/// The commit that the program was built from, as `Scripts/install-program` writes it into the installed
/// program; empty where nobody did.
const char *stocktake_build(void);
