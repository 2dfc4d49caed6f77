#pragma once
#include <sqlite3.h>

// What Swift cannot say itself: structures that begin with SQLite's own, and functions with arguments
// without end.

/// A virtual table, and the object that answers for it.
typedef struct {
  sqlite3_vtab base;
  void *object;
} stocktake_vtab;

/// A walk over a virtual table, and the object that does it.
typedef struct {
  sqlite3_vtab_cursor base;
  void *object;
} stocktake_vtab_cursor;

static inline int stocktake_set_option(sqlite3 *database, int option, int value) {
  return sqlite3_db_config(database, option, value, (int *)0);
}

/// Keeps a virtual table out of views and triggers, which a file could bring along.
static inline int stocktake_vtab_direct_only(sqlite3 *database) {
  return sqlite3_vtab_config(database, SQLITE_VTAB_DIRECTONLY);
}
