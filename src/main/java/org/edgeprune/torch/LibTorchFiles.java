package org.edgeprune.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;

/**
 * A directory of libtorch's shared libraries, ready to be loaded.
 *
 * @param directory where the libraries lie
 * @param origin where they come from, for the user
 */
record LibTorchFiles(Path directory, String origin) {
    /** libtorch proper, by which a directory is known to hold one. */
    static final String MAIN_LIBRARY = "libtorch_cpu.so";

    /**
     * What is loaded, by the beginning of its name, dependencies first. The libraries ask for each other by name, and
     * what is loaded already answers to its name, so this order makes them find each other wherever they lie.
     */
    private static final List<String> CPU_LIBRARIES = List.of(
            "libquadmath.so",
            "libgfortran.so",
            "libgomp.so",
            "libgomp-",
            "libiomp5.so",
            "libopenblas.so",
            "libc10.so",
            MAIN_LIBRARY);

    /** Loaded where they are there and the machine can. */
    private static final List<String> CUDA_LIBRARIES = List.of("libc10_cuda.so", "libtorch_cuda.so");

    /** A user's own libtorch: its {@code lib} directory, or the directory above that one. */
    static LibTorchFiles of(Path given, String namedBy) {
        for (Path directory : List.of(given, given.resolve("lib"))) {
            if (Files.isRegularFile(directory.resolve(MAIN_LIBRARY))) {
                return new LibTorchFiles(directory.toAbsolutePath().normalize(), namedBy);
            }
        }
        throw new InputException(
                "%s: %s is no libtorch: there is no %s in it; give a libtorch's lib directory, for example the torch/lib of a Python installation"
                        .formatted(namedBy, given, MAIN_LIBRARY));
    }

    /** Whether a file of a libtorch distribution is one of those that get loaded. */
    static boolean isNeeded(String fileName) {
        return Stream.concat(CPU_LIBRARIES.stream(), CUDA_LIBRARIES.stream()).anyMatch(fileName::startsWith);
    }

    /** The libraries of the CPU part, in the order of loading. */
    List<Path> cpuLibraries() {
        return present(CPU_LIBRARIES);
    }

    /** The libraries of the CUDA part, in the order of loading; empty in a CPU build. */
    List<Path> cudaLibraries() {
        return present(CUDA_LIBRARIES);
    }

    /** The version that pip's or the downloadable libtorch writes next to its libraries; null if there is none. */
    String writtenVersion() {
        try {
            Path buildVersion = directory.resolveSibling("build-version");
            if (Files.isRegularFile(buildVersion)) {
                return Files.readString(buildVersion).strip();
            }
            Path python = directory.resolveSibling("version.py");
            if (Files.isRegularFile(python)) {
                Matcher version =
                        Pattern.compile("__version__ *= *['\"]([^'\"]+)").matcher(Files.readString(python));
                return version.find() ? version.group(1) : null;
            }
            return null;
        } catch (IOException e) {
            return null;
        }
    }

    private List<Path> present(List<String> prefixes) {
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> names = files.filter(Files::isRegularFile).sorted().toList();
            List<Path> ordered = new ArrayList<>();
            for (String prefix : prefixes) {
                names.stream()
                        .filter(f -> isLibrary(f.getFileName().toString(), prefix))
                        .forEach(ordered::add);
            }
            return ordered;
        } catch (IOException e) {
            throw new InputException("cannot read the directory " + directory + ": " + e.getMessage(), e);
        }
    }

    private static boolean isLibrary(String name, String prefix) {
        return name.startsWith(prefix) && name.matches(".*\\.so(\\.\\d+)*");
    }
}
