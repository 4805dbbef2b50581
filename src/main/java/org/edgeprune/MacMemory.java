package org.edgeprune;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Memory as the tools of macOS tell it, which has no {@code /proc}. */
final class MacMemory {
    private static final Pattern PAGE_SIZE = Pattern.compile("page size of (\\d+) bytes");

    private MacMemory() {}

    /** The memory of the machine that is not in use or can be taken without writing to disk; empty if it is unknown. */
    static OptionalLong available() {
        return availableIn(output("vm_stat"));
    }

    /** The resident memory of a process; empty if there is no such process or no {@code ps}. */
    static OptionalLong resident(long pid) {
        return residentIn(output("ps", "-o", "rss=", "-p", Long.toString(pid)));
    }

    /**
     * Reads the output of {@code vm_stat}, whose counts are of pages: those that are free, those read ahead from files,
     * and those not used lately, most of which hold parts of files.
     */
    static OptionalLong availableIn(String vmStat) {
        Matcher page = PAGE_SIZE.matcher(vmStat);
        OptionalLong free = pages(vmStat, "free");
        if (!page.find() || free.isEmpty()) {
            return OptionalLong.empty();
        }
        long pages = free.getAsLong()
                + pages(vmStat, "speculative").orElse(0)
                + pages(vmStat, "inactive").orElse(0);
        return OptionalLong.of(pages * Long.parseLong(page.group(1)));
    }

    /** Reads the output of {@code ps -o rss=}, a number of KiB. */
    static OptionalLong residentIn(String ps) {
        String kibibytes = ps.strip();
        return kibibytes.matches("\\d{1,15}")
                ? OptionalLong.of(Long.parseLong(kibibytes) * 1024)
                : OptionalLong.empty();
    }

    private static OptionalLong pages(String vmStat, String kind) {
        Matcher count =
                Pattern.compile("(?m)^Pages " + kind + ": +(\\d{1,15})\\.$").matcher(vmStat);
        return count.find() ? OptionalLong.of(Long.parseLong(count.group(1))) : OptionalLong.empty();
    }

    /** What a program prints; nothing if it cannot be run. */
    private static String output(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            try (InputStream out = process.getInputStream()) {
                return new String(out.readAllBytes(), StandardCharsets.US_ASCII);
            }
        } catch (IOException e) {
            return "";
        }
    }
}
