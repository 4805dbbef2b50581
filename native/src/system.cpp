/* system.cpp: the calls that only some systems have: Linux with glibc, and macOS. */
#include "system.h"

#ifdef __linux__
#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#endif

namespace edgeprune::system {

#ifdef __linux__

void prefer_huge_pages(void *start, size_t bytes) noexcept { madvise(start, bytes, MADV_HUGEPAGE); }

size_t size_of_object(const void *address) noexcept {
    Dl_info info;
    const ElfW(Sym) *symbol = nullptr;
    const int found = dladdr1(address, &info, reinterpret_cast<void **>(const_cast<ElfW(Sym) **>(&symbol)), RTLD_DL_SYMENT);
    return found != 0 && symbol != nullptr ? symbol->st_size : 0;
}

#else

/* macOS makes no superpages of memory in small pages. */
void prefer_huge_pages(void *, size_t) noexcept {}

/* Mach-O's symbols have no sizes. */
size_t size_of_object(const void *) noexcept { return 0; }

#endif

} // namespace edgeprune::system
