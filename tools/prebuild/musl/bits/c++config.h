// Lets the headers of a libstdc++ that was configured for glibc be used with musl, as far as
// strings, containers and locks go. Each of them includes this file first.
#pragma once

#define __GLIBC_PREREQ(major, minor) 0
#include_next <bits/c++config.h>

// musl waits for conditions by clock_gettime's real time only.
#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK
#undef _GLIBCXX_USE_PTHREAD_RWLOCK_CLOCKLOCK

// Named in the declarations of <locale>, which nothing calls.
typedef struct __locale_struct* __locale_t;
enum {
  _ISupper = 1 << 0,
  _ISlower = 1 << 1,
  _ISalpha = 1 << 2,
  _ISdigit = 1 << 3,
  _ISxdigit = 1 << 4,
  _ISspace = 1 << 5,
  _ISprint = 1 << 6,
  _ISpunct = 1 << 9,
  _IScntrl = 1 << 10,
  _ISblank = 1 << 11
};
