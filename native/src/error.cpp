/* error.cpp: the thread's last error, and how C++ exceptions become one. */
#include "internal.h"

#include <new>

namespace {

thread_local std::string last_error;

/* c10's messages go on with a C++ backtrace, and some begin with an empty line: the first line with text says it. */
std::string_view first_line(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) {
        return "libtorch gave no message";
    }
    text.remove_prefix(begin);
    text = text.substr(0, text.find('\n'));
    /* A missing backend is explained at length, with a list of all others. */
    return text.substr(0, text.find(" This could be because"));
}

} // namespace

namespace edgeprune {

void clear_error() noexcept { last_error.clear(); }

ep_status keep_error() noexcept {
    const auto keep = [](std::string_view text, ep_status status) noexcept {
        try {
            last_error.assign(text);
        } catch (...) {
            last_error.clear();
        }
        return status;
    };
    try {
        throw;
    } catch (const Invalid &e) {
        return keep(e.what(), EP_INVALID);
    } catch (const Unsupported &e) {
        return keep(e.what(), EP_UNSUPPORTED);
    } catch (const std::bad_alloc &) {
        return keep("out of memory", EP_ERROR);
    } catch (const std::exception &e) {
        return keep(first_line(e.what()), EP_ERROR);
    } catch (...) {
        return keep("libtorch threw something that is no std::exception", EP_ERROR);
    }
}

} // namespace edgeprune

const char *ep_last_error(void) { return last_error.c_str(); }
