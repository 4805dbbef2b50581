/*
 * memory.cpp: a libtorch allocator that keeps large freed blocks.
 *
 * libtorch takes CPU memory from malloc, which hands every large block back to the system when it is freed and has it
 * zeroed page by page when it is taken again: a 200 MB tensor costs 50,000 page faults, five times the cost of adding two
 * of them. malloc's own settings do not help in a JVM, whose threads have arenas of at most 64 MB. So large blocks are
 * mapped here, on huge pages where the system grants them, and the most recently freed ones are kept.
 */
#include "internal.h"
#include "system.h"

#include <cstring>
#include <dlfcn.h>
#include <mutex>
#include <sys/mman.h>
#include <unordered_map>

using namespace edgeprune;

namespace {

constexpr size_t page = 4096; /* the smallest: where they are larger, 64 KB at most, the sizes below are whole pages too */
constexpr size_t huge_page = 2 << 20;
/*
 * Smaller blocks stay with malloc, which keeps them by itself, each thread its own: the residual streams of a micro-batch, of some
 * hundred kilobytes each, would be kept once by every worker that ever ran one.
 */
constexpr size_t large = 64 << 10;

/*
 * Blocks kept beyond the peak of use. Sizes differ from batch to batch; without it, a model whose tensors are small would take new
 * memory all the time, which costs it a tenth of its speed.
 */
constexpr size_t slack = 64 << 20;

struct Block {
    void *address;
    size_t bytes;
};

/* Not to whole huge pages: a model has many tensors of two or three megabytes. */
size_t rounded(size_t bytes) {
    constexpr size_t unit = 16 * page;
    return (bytes + unit - 1) / unit * unit;
}

/* New memory, on a huge page's boundary where it is that large; null where there is none. */
void *map(size_t bytes) {
    const size_t spare = bytes < huge_page ? 0 : huge_page - page;
    void *start = mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return nullptr;
    }
    if (spare == 0) {
        return start;
    }
    const uintptr_t begin = reinterpret_cast<uintptr_t>(start);
    const uintptr_t aligned = (begin + spare) / huge_page * huge_page;
    if (aligned > begin) {
        munmap(start, aligned - begin);
    }
    if (begin + spare > aligned) {
        munmap(reinterpret_cast<void *>(aligned + bytes), begin + spare - aligned);
    }
    void *block = reinterpret_cast<void *>(aligned);
    system::prefer_huge_pages(block, bytes);
    return block;
}

/* The large blocks in use and those kept. */
class LargeBlocks {
  public:
    /* At least `bytes` bytes; null where the system has no more. */
    void *take(size_t bytes) {
        const size_t wanted = rounded(bytes);
        const std::lock_guard<std::mutex> lock(mutex_);
        auto best = kept_.end();
        for (auto block = kept_.begin(); block != kept_.end(); block++) {
            /* A block more than an eighth too large waits for a better use. */
            const bool fits = block->bytes >= wanted && block->bytes <= wanted + wanted / 8;
            /* Among equals the one freed last, which may still be in the processor's cache. */
            if (fits && (best == kept_.end() || block->bytes <= best->bytes)) {
                best = block;
            }
        }
        Block found{nullptr, wanted};
        if (best != kept_.end()) {
            found = *best;
            kept_.erase(best);
            kept_bytes_ -= found.bytes;
        } else {
            /* What is kept may fill the room up to the most that was ever in use, and little more. */
            const size_t soon = used_bytes_ + wanted;
            const size_t room = peak_bytes_ + slack;
            shrink(std::min(limit_, room > soon ? room - soon : 0));
            found.address = map(wanted);
            if (found.address == nullptr) {
                shrink(0);
                found.address = map(wanted);
            }
            if (found.address == nullptr) {
                return nullptr;
            }
        }
        used_.emplace(found.address, found.bytes);
        used_bytes_ += found.bytes;
        peak_bytes_ = std::max(peak_bytes_, used_bytes_);
        return found.address;
    }

    /* False where the address is none of ours. */
    bool give_back(void *address) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto block = used_.find(address);
        if (block == used_.end()) {
            return false;
        }
        used_bytes_ -= block->second;
        kept_bytes_ += block->second;
        kept_.push_back({address, block->second});
        used_.erase(block);
        shrink(limit_);
        return true;
    }

    void set_limit(size_t bytes) {
        const std::lock_guard<std::mutex> lock(mutex_);
        limit_ = bytes;
        peak_bytes_ = used_bytes_;
        shrink(limit_);
    }

    void count(int64_t *in_use, int64_t *peak, int64_t *kept) {
        const std::lock_guard<std::mutex> lock(mutex_);
        *in_use = static_cast<int64_t>(used_bytes_);
        *peak = static_cast<int64_t>(peak_bytes_);
        *kept = static_cast<int64_t>(kept_bytes_);
    }

  private:
    /* Gives the blocks freed longest ago back to the system. */
    void shrink(size_t limit) {
        size_t count = 0;
        for (; kept_bytes_ > limit; count++) {
            munmap(kept_[count].address, kept_[count].bytes);
            kept_bytes_ -= kept_[count].bytes;
        }
        kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(count));
    }

    std::mutex mutex_;
    std::vector<Block> kept_; /* in the order of being freed */
    std::unordered_map<void *, size_t> used_;
    size_t used_bytes_ = 0;
    size_t peak_bytes_ = 0;
    size_t kept_bytes_ = 0;
    size_t limit_ = 0;
};

/* Tensors may outlive every static object, so this one is never destroyed. */
LargeBlocks &blocks() {
    static LargeBlocks *all = new LargeBlocks;
    return *all;
}

c10::Allocator *malloc_allocator = nullptr;

void release(void *address) {
    /* Large blocks are whole pages; most of malloc's are not, and need no look at the table. */
    if (reinterpret_cast<uintptr_t>(address) % page == 0 && blocks().give_back(address)) {
        return;
    }
    malloc_allocator->raw_deleter()(address);
}

class KeepingAllocator final : public c10::Allocator {
  public:
    c10::DataPtr allocate(size_t bytes) override {
        void *address = bytes >= large && bytes <= SIZE_MAX / 2 ? blocks().take(bytes) : nullptr;
        if (address == nullptr) {
            address = malloc_allocator->allocate(bytes).release_context(); /* throws where memory is out */
        }
        return {address, address, release, c10::Device(c10::DeviceType::CPU)};
    }
    bool is_simple_data_ptr(const c10::DataPtr &pointer) const override { return pointer.get() == pointer.get_context(); }
    c10::DeleterFnPtr raw_deleter() const override { return release; }
    void copy_data(void *target, const void *source, size_t count) const override { std::memcpy(target, source, count); }
};

/*
 * Whether this libtorch's Allocator has the virtual functions that ours overrides, in the same places: its table holds
 * two words of type information and six functions, one of which has a name to know it by. Never on macOS, whose libraries
 * do not record the size of the table.
 */
bool allocator_is_known() {
    const auto *table = static_cast<void *const *>(dlsym(RTLD_DEFAULT, "_ZTVN3c109AllocatorE"));
    const void *named = dlsym(RTLD_DEFAULT, "_ZNK3c109Allocator18is_simple_data_ptrERKNS_7DataPtrE");
    return table != nullptr && named != nullptr && system::size_of_object(table) == 8 * sizeof(void *) && table[5] == named;
}

} // namespace

ep_status ep_keep_freed_memory(int64_t bytes) {
    return guard([&] {
        EP_REQUIRE_PRESENT(c10::GetCPUAllocator);
        EP_REQUIRE_PRESENT(c10::SetCPUAllocator);
        require(bytes >= 0, "the number of bytes is negative");
        static std::once_flag installed;
        std::call_once(installed, [] {
            if (!allocator_is_known()) {
                throw Unsupported("this libtorch's allocator has another form");
            }
            malloc_allocator = c10::GetCPUAllocator();
            if (malloc_allocator->raw_deleter() == nullptr) {
                throw Unsupported("this libtorch's allocator has no plain deleter");
            }
            c10::SetCPUAllocator(new KeepingAllocator, UINT8_MAX);
        });
        blocks().set_limit(static_cast<size_t>(bytes));
    });
}

ep_status ep_large_memory(int64_t *in_use, int64_t *peak, int64_t *kept) {
    return guard([&] {
        require(in_use != nullptr && peak != nullptr && kept != nullptr, "the result pointer is NULL");
        blocks().count(in_use, peak, kept);
    });
}
