package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** What goes with the jar; the licences of the dependencies themselves are checked by Maven's license plugin. */
class LicencesTest {
    @Test
    void theJarHoldsLicenceAndNotice() throws IOException {
        for (String name : List.of("LICENSE", "NOTICE")) {
            assertEquals(-1, Files.mismatch(Path.of(name), Path.of("target/classes/META-INF", name)), name);
        }
    }

    /** A choice between licences is made for the versions in use, not for older ones. */
    @Test
    void licencesAreChosenForVersionsInUse() throws IOException {
        Properties chosen = new Properties();
        try (InputStream in = Files.newInputStream(Path.of("src/license/override-THIRD-PARTY.properties"))) {
            chosen.load(in);
        }
        String classPath = Files.readString(Path.of("target/classpath.txt"));
        for (String key : chosen.stringPropertyNames()) {
            String[] parts = key.split("--", -1);
            assertTrue(classPath.contains("/" + parts[1] + "-" + parts[2]), key + " is not on the class path");
        }
    }

    /** Native libraries have licences that no POM names. */
    @Test
    void noticeNamesEveryNativeLibraryOfLibtorchAndOpenBlas() throws IOException {
        String notice = Files.readString(Path.of("NOTICE"));
        TreeSet<String> libraries = new TreeSet<>();
        for (String jar : Files.readString(Path.of("target/classpath.txt")).split(":", -1)) {
            if (jar.contains("/org/bytedeco/")) {
                try (JarFile file = new JarFile(jar.strip())) {
                    file.stream()
                            .map(entry ->
                                    entry.getName().substring(entry.getName().lastIndexOf('/') + 1))
                            .filter(name -> name.matches("lib.*\\.so(\\.\\d+)*"))
                            .filter(name -> !name.startsWith("libjni")) // JavaCPP's own
                            .forEach(libraries::add);
                }
            }
        }
        assertTrue(
                libraries.contains("libtorch_cpu.so") && libraries.contains("libopenblas.so.0"), libraries::toString);
        for (String library : libraries) {
            assertTrue(notice.contains(library), library + " is not in NOTICE");
        }
    }
}
