// What Debian's libstdc++ and libgcc_s, built for glibc, ask of it and musl does not have.
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded = 0;
// libgcc_s has both, but under an old version, and so musl's loader passes over them
unsigned __cpu_model[4];
int __cpu_indicator_init(void) {
  return 0;
}

unsigned long __getauxval(unsigned long type) {
  return getauxval(type);
}
unsigned long __isoc23_strtoul(const char *text, char **end, int base) {
  return strtoul(text, end, base);
}
size_t __strftime_l(char *text, size_t size, const char *format, const struct tm *time,
                    locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}
unsigned arc4random(void) {
  unsigned number;
  if (getrandom(&number, sizeof number, 0) != sizeof number) abort();
  return number;
}

// Destructors of thread_local variables do not run: they leak.
int __cxa_thread_atexit_impl(void (*function)(void *), void *object, void *library) {
  return 0;
}

// Nothing is found: an exception of C++ ends the process. None is thrown in what is tested.
int _dl_find_object(void *address, void *result) {
  return -1;
}

// Numbers of 128 bits.
void strtof128(void) {
  abort();
}
void strfromf128(void) {
  abort();
}
