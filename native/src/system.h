/*
 * system.h: what the shim wants from the operating system beyond POSIX. Where a system lacks it, the function says so or does
 * nothing. Only system.cpp includes headers and calls functions that not all systems have.
 */
#ifndef EDGEPRUNE_SYSTEM_H
#define EDGEPRUNE_SYSTEM_H

#include <cstddef>

namespace edgeprune::system {

/* Asks for huge pages for this memory, where the system gives them on request; it may refuse, and small pages stay. */
void prefer_huge_pages(void *start, size_t bytes) noexcept;

/* The size in bytes of the object at an address that a loaded library exports; 0 where libraries do not record it. */
size_t size_of_object(const void *address) noexcept;

} // namespace edgeprune::system

#endif
