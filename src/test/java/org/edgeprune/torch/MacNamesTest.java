package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Every function of libtorch that the shim calls is one that libtorch exports on macOS, by its name there. The list of
 * names, with those of Linux beside them, is made by {@code run_scripts/macos_audit.sh} from a shim built for macOS and
 * the export tables of libtorch's libraries.
 */
@Execution(ExecutionMode.CONCURRENT)
class MacNamesTest {
    private static final String LIST = "/macosx-arm64-names.txt";

    /** The names on macOS, by those on Linux. */
    private final Map<String, String> names = names();

    @Test
    void libtorchExportsOnMacOsWhatTheShimNeeds() throws Exception {
        assumeTrue(Platform.current() == Platform.LINUX_X86_64, "the names are compared on Linux on x86-64");
        Set<String> needed = needed();
        assertTrue(needed.size() > 100, needed::toString);
        assertEquals(
                needed,
                names.keySet(),
                "the shim's needs have changed: pip install ziglang and run_scripts/macos_audit.sh --write");
    }

    /** int64_t is long on Linux and long long on macOS, std is std::__1 there, and a string as a result has no tag. */
    @Test
    void theNamesOfBothPlatformsMeanTheSame() throws Exception {
        List<String> onLinux = demangled(List.copyOf(names.keySet()));
        List<String> onMacOs = demangled(List.copyOf(names.values()));
        assertEquals(
                onLinux.stream()
                        .map(name -> name.replace("[abi:cxx11]", "")
                                .replace("std::", "std::__1::")
                                .replaceAll("\\blong\\b", "long long"))
                        .toList(),
                onMacOs);
    }

    @Test
    void mostNamesAreTheSame() {
        long same = names.entrySet().stream()
                .filter(pair -> pair.getKey().equals(pair.getValue()))
                .count();
        assertTrue(same > names.size() / 2 && same < names.size(), same + " of " + names.size());
    }

    /**
     * The weak references of the shim that is on the class path; those of the C library and compiler have reserved
     * names.
     */
    private static Set<String> needed() throws Exception {
        Path library = Path.of(MacNamesTest.class
                .getClassLoader()
                .getResource("META-INF/native/linux-x86_64/libedgeprune_shim.so")
                .toURI());
        Set<String> needed = new TreeSet<>();
        for (String line : output("", "nm", "-D", "--undefined-only", library.toString())) {
            String[] words = line.strip().split("\\s+", -1);
            if (words[0].equals("w") && !words[1].matches("(_ITM_|__).*")) {
                needed.add(words[1].replaceFirst("@.*", ""));
            }
        }
        return needed;
    }

    private static List<String> demangled(List<String> names) throws Exception {
        return output(String.join("\n", names) + "\n", "c++filt");
    }

    private static List<String> output(String input, String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        Thread writer = Thread.ofPlatform().start(() -> {
            try (var out = process.getOutputStream()) {
                out.write(input.getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                // the process has ended without reading all of it: its output says why
            }
        });
        List<String> lines = process.inputReader().lines().toList();
        writer.join();
        assertEquals(0, process.waitFor(), lines::toString);
        return lines;
    }

    private static Map<String, String> names() {
        Map<String, String> names = new TreeMap<>();
        try (InputStream list = MacNamesTest.class.getResourceAsStream(LIST)) {
            new String(list.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" ", -1))
                    .forEach(pair -> names.put(pair[0], pair[1]));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return names;
    }
}
