// What the copies of this package share that one process has loaded: two versions in two node_modules, say.
//
// Contract: each copy carries an ELF note for each kind of thing, with the address of a table; the
// dynamic loader lists what it has loaded in the order of loading (dl_iterate_phdr(3)), and copies are
// never unloaded (-z nodelete). So every copy finds the same first one, at any time, without a lock, an
// exported symbol, a file or the environment. What stands before a copy in the list was loaded
// completely before it.
//
// The layout behind a kind is frozen: copies of other versions read it. A new layout takes a new kind.
#pragma once

#include <cstdint>

namespace apparmor {

enum class Shared : uint32_t {
  hats = 1,  // hat.cc
  turn = 2,  // threads.cc
};

// The table of the copy that was loaded first, perhaps this one. Null only when this copy has none.
const void* firstCopy(Shared kind);

}  // namespace apparmor

// Shows a table to other copies: `kind` the number above, `table` an object with C linkage.
#define APPARMOR_SHARE(kind, table)                 \
  asm(".hidden " #table                             \
      "\n"                                          \
      ".pushsection .note.apparmor, \"a\", %note\n" \
      ".balign 4\n"                                 \
      ".long 12, 8, " #kind                         \
      "\n"                                          \
      ".asciz \"apparmor-js\"\n"                    \
      "0: .quad " #table                            \
      " - 0b\n"                                     \
      ".popsection")
