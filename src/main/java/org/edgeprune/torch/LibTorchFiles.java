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
 * @param platform what they are built for
 */
record LibTorchFiles(Path directory, String origin, Platform platform) {
    /**
     * What is loaded on Linux, by the beginning of its name, dependencies first. The libraries ask for each other by
     * name, and what is loaded already answers to its name, so this order makes them find each other wherever they lie.
     * pip and DJL put a digest into the names of what they add, as in {@code libgomp-58a43326.so.1.0.0}.
     */
    private static final List<String> LINUX_LIBRARIES = List.of(
            "libquadmath.so",
            "libgfortran.so",
            "libgfortran-",
            "libgomp.so",
            "libgomp-",
            "libiomp5.so",
            "libopenblas.so",
            "libopenblasp-",
            "libarm_compute-",
            "libarm_compute_graph-",
            "libc10.so",
            "libtorch_cpu.so");

    /** On macOS the libraries name each other by {@code @rpath}, and each looks in its own directory. */
    private static final List<String> MACOS_LIBRARIES =
            List.of("libomp.dylib", "libopenblas.0.dylib", "libc10.dylib", "libtorch_cpu.dylib");

    /** Loaded where they are there and the machine can. */
    private static final List<String> CUDA_LIBRARIES = List.of("libc10_cuda.so", "libtorch_cuda.so");

    /** libtorch proper, by which a directory is known to hold one. */
    static String mainLibrary(Platform platform) {
        return platform.fileName("libtorch_cpu");
    }

    /** A user's own libtorch: its {@code lib} directory, or the directory above that one. */
    static LibTorchFiles of(Path given, String namedBy) {
        Platform platform = Platform.current();
        for (Path directory : List.of(given, given.resolve("lib"))) {
            if (Files.isRegularFile(directory.resolve(mainLibrary(platform)))) {
                return new LibTorchFiles(directory.toAbsolutePath().normalize(), namedBy, platform);
            }
        }
        throw new InputException(
                "%s: %s is no libtorch: there is no %s in it; give a libtorch's lib directory, for example the torch/lib of a Python installation"
                        .formatted(namedBy, given, mainLibrary(platform)));
    }

    /** Whether a file of a libtorch distribution is one of those that get loaded. */
    static boolean isNeeded(Platform platform, String fileName) {
        return Stream.concat(libraries(platform).stream(), CUDA_LIBRARIES.stream())
                .anyMatch(prefix -> platform.isLibrary(fileName, prefix));
    }

    private static List<String> libraries(Platform platform) {
        return platform.isLinux() ? LINUX_LIBRARIES : MACOS_LIBRARIES;
    }

    /** The libraries of the CPU part, in the order of loading. */
    List<Path> cpuLibraries() {
        return present(libraries(platform));
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
                        .filter(f -> platform.isLibrary(f.getFileName().toString(), prefix))
                        .forEach(ordered::add);
            }
            return ordered;
        } catch (IOException e) {
            throw new InputException("cannot read the directory " + directory + ": " + e.getMessage(), e);
        }
    }
}
