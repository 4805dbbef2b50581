package org.edgeprune.torch;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;

/** The platforms that edgeprune's native library is built for, with what differs between their dynamic loaders. */
enum Platform {
    LINUX_X86_64("linux-x86_64", "linux-x86_64", "Linux", "amd64"),
    LINUX_AARCH64("linux-aarch64", "linux-aarch64", "Linux", "aarch64"),
    MACOSX_ARM64("macosx-arm64", "osx-aarch64", "Mac OS X", "aarch64");

    private final String classifier;
    private final String djlClassifier;
    private final String os;
    private final String architecture;

    Platform(String classifier, String djlClassifier, String os, String architecture) {
        this.classifier = classifier;
        this.djlClassifier = djlClassifier;
        this.os = os;
        this.architecture = architecture;
    }

    /**
     * The platform of this Java.
     *
     * @throws InputException if it is another one
     */
    static Platform current() {
        return of(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    /** The platform whose Java has these values of the system properties {@code os.name} and {@code os.arch}. */
    static Platform of(String os, String architecture) {
        return Arrays.stream(values())
                .filter(platform -> platform.os.equals(os) && platform.architecture.equals(architecture))
                .findFirst()
                .orElseThrow(() -> new InputException("edgeprune runs on "
                        + Arrays.stream(values()).map(Platform::toString).collect(Collectors.joining(", "))
                        + " only; this Java is for " + os + " " + architecture
                        + ": use one of these machines, with a Java built for it"));
    }

    boolean isLinux() {
        return this != MACOSX_ARM64;
    }

    /** The file name of a library that is called {@code libNAME} without its ending. */
    String fileName(String name) {
        return name + (isLinux() ? ".so" : ".dylib");
    }

    /** Whether a file is a library whose name begins with {@code prefix}; on Linux a version may follow its ending. */
    boolean isLibrary(String fileName, String prefix) {
        return fileName.startsWith(prefix) && fileName.matches(isLinux() ? ".*\\.so(\\.\\d+)*" : ".*\\.dylib");
    }

    /** {@code dlopen}'s flag by which a library's symbols serve the libraries that are loaded later. */
    int rtldGlobal() {
        return isLinux() ? 0x100 : 0x8;
    }

    /** Its classifier in the artifacts of {@code ai.djl.pytorch}. */
    String djlClassifier() {
        return djlClassifier;
    }

    /** As in the classifiers of {@code org.bytedeco} and in {@code META-INF/native}. */
    @Override
    public String toString() {
        return classifier;
    }
}
