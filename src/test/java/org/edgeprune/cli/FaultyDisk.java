package org.edgeprune.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder that stands for a disk whose power is cut, or that runs full, at a chosen write. The faults are made by
 * {@code run_scripts/soak/disk_faults.c}, which the process must have been started with, see {@link #environment}.
 */
final class FaultyDisk {
    /** What happens at the chosen operation; in the order of the library's numbers, from 1. */
    enum Fault {
        /** What was not synced is lost, and nothing more can be written. */
        POWER_CUT,
        /** Neither this operation nor any later one finds space. */
        FULL,
        /** This operation finds no space, later ones do. */
        FULL_ONCE
    }

    private static final int OPERATION = 8;
    private static final int SEED = 16;
    private static final int EXITS = 24;
    private static final int EPOCH = 32;
    private static final int COUNT = 40;
    private static final int HIT = 48;
    private static final int SIZE = 56;

    private final Path root;
    private final Path image;
    private final ByteBuffer control;

    private FaultyDisk(Path folder) throws IOException {
        root = folder.resolve("disk");
        image = folder.resolve("image");
        try (FileChannel file =
                FileChannel.open(folder.resolve("control"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            control = file.map(FileChannel.MapMode.READ_WRITE, 0, SIZE).order(ByteOrder.nativeOrder());
        }
    }

    /** Whether there is what the library is built with. */
    static boolean isSupported() {
        try {
            return System.getProperty("os.name").equals("Linux")
                    && new ProcessBuilder("gcc", "--version")
                                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                                    .start()
                                    .waitFor()
                            == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Builds the library, and makes a disk. @return the environment that a process needs for its faults */
    static Map<String, String> environment(Path folder) throws IOException {
        Path library = folder.resolve("disk_faults.so").toAbsolutePath();
        Files.createDirectories(folder.resolve("disk"));
        Files.write(folder.resolve("control"), new byte[SIZE]);
        Tool built = Tool.start(new ProcessBuilder(
                "gcc",
                "-shared",
                "-fPIC",
                "-O1",
                "-Werror",
                "-Wall",
                "-o",
                library.toString(),
                "run_scripts/soak/disk_faults.c",
                "-ldl",
                "-lpthread"));
        if (built.exit() != 0) {
            throw new IOException(built.err());
        }
        return Map.of(
                "LD_PRELOAD", library.toString(),
                "DISK_FAULTS_ROOT", folder.resolve("disk").toAbsolutePath().toString(),
                "DISK_FAULTS_AFTER", folder.resolve("image").toAbsolutePath().toString(),
                "DISK_FAULTS_CONTROL",
                        folder.resolve("control").toAbsolutePath().toString());
    }

    /** The disk of {@link #environment}, in the process that has that environment. */
    static FaultyDisk of(Path folder) throws IOException {
        return new FaultyDisk(folder.toAbsolutePath());
    }

    Path root() {
        return root;
    }

    /** Empties the disk. */
    void format() throws IOException {
        control.putLong(0, 0);
        delete(root);
        Files.createDirectories(root);
    }

    /**
     * From here on operations are counted, and the fault happens at one of them. What is on the disk now is safe.
     *
     * @param operation from 1; {@link Long#MAX_VALUE} for none
     * @param seed 0 if all that was not synced is to be lost at a power cut, else of what is
     * @param exits whether a power cut ends the process
     */
    void arm(Fault fault, long operation, long seed, boolean exits) throws IOException {
        delete(image);
        control.putLong(OPERATION, operation);
        control.putLong(SEED, seed);
        control.putLong(EXITS, exits ? 1 : 0);
        control.putLong(COUNT, 0);
        control.putLong(HIT, 0);
        control.putLong(EPOCH, control.getLong(EPOCH) + 1);
        control.putLong(0, fault.ordinal() + 1);
    }

    /** No faults from here on. @return the operations since {@link #arm} */
    long disarm() {
        control.putLong(0, 0);
        return control.getLong(COUNT);
    }

    boolean hit() {
        return control.getLong(HIT) != 0;
    }

    /** What was safe when the fault happened, by path, hidden files left out. */
    Map<Path, Bytes> safe() throws IOException {
        return contents(image);
    }

    Map<Path, Bytes> contents() throws IOException {
        return contents(root);
    }

    /** Puts the disk into the state in which a start after the power cut finds it. */
    void powerUp() throws IOException {
        delete(root);
        // not renamed: a library in this process knows the disk by its path, other ones too
        copy(image, root);
    }

    /** A file's bytes; those of files of metrics without their {@code seconds}, which no two runs share. */
    record Bytes(String text) {
        static Bytes of(Path file) throws IOException {
            // one character a byte
            String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
            boolean timed = file.getFileName().toString().startsWith("metrics.json");
            return new Bytes(timed ? text.replaceAll("\"seconds\"\\s*:\\s*[-+.eE0-9]+", "") : text);
        }
    }

    private static Map<Path, Bytes> contents(Path folder) throws IOException {
        Map<Path, Bytes> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path name = folder.relativize(file);
                if (Stream.of(name.toString().split("/")).noneMatch(part -> part.startsWith("."))) {
                    contents.put(name, Bytes.of(file));
                }
            }
        }
        return contents;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.notExists(folder)) {
            return;
        }
        List<Path> all = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(all::add);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        for (Path file : all) {
            Files.delete(file);
        }
    }
}
