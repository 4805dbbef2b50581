package org.edgeprune;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** The memory that this process can use: of the machine, and of its control group, such as a container's. */
public final class AvailableMemory {
    private static final boolean MAC_OS = System.getProperty("os.name").equals("Mac OS X");
    private static final Path MACHINE = Path.of("/proc/meminfo");
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path GROUP = Path.of("/sys/fs/cgroup");

    private AvailableMemory() {}

    /**
     * The memory that is not in use.
     *
     * @return in bytes; empty if the system does not tell
     */
    public static OptionalLong bytes() {
        if (MAC_OS) {
            return MacMemory.available();
        }
        OptionalLong machine = field(MACHINE, "MemAvailable:", 1024);
        OptionalLong limit = number(GROUP.resolve("memory.max"));
        OptionalLong used = number(GROUP.resolve("memory.current"));
        if (machine.isEmpty() || limit.isEmpty() || used.isEmpty()) {
            return machine;
        }
        // inactive pages of files count as used, but are reclaimed
        long idle = field(GROUP.resolve("memory.stat"), "inactive_file", 1).orElse(0);
        return OptionalLong.of(Math.min(machine.getAsLong(), Math.max(0, limit.getAsLong() - used.getAsLong() + idle)));
    }

    /**
     * The memory that is not in use, together with the anonymous memory of this process; on macOS together with its
     * resident memory, to which pages of mapped files belong.
     *
     * @return in bytes; empty if the system does not tell
     */
    public static OptionalLong withOwn() {
        OptionalLong free = bytes();
        long own = (MAC_OS ? resident() : field(STATUS, "RssAnon:", 1024)).orElse(0);
        return free.isPresent() ? OptionalLong.of(free.getAsLong() + own) : free;
    }

    /**
     * The resident memory of this process, with its pages of mapped files.
     *
     * @return in bytes; empty if the system does not tell
     */
    public static OptionalLong resident() {
        return MAC_OS ? MacMemory.resident(ProcessHandle.current().pid()) : field(STATUS, "VmRSS:", 1024);
    }

    private static OptionalLong field(Path file, String name, long unit) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.map(line -> line.split("\\s+"))
                    .filter(words -> words.length > 1 && words[0].equals(name))
                    .mapToLong(words -> Long.parseLong(words[1]) * unit)
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** The number in a file; empty for "max" or if there is no such file. */
    private static OptionalLong number(Path file) {
        try {
            String text = Files.readString(file).strip();
            return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
