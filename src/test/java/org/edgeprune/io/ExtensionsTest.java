package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Services files of folders that a class loader sees beside its parent. */
class ExtensionsTest {
    @TempDir
    Path folder;

    /** A service of this test's own. */
    public interface Greeting {
        List<String> names();
    }

    public static final class Hello implements Greeting {
        @Override
        public List<String> names() {
            return List.of("hello", "hi");
        }
    }

    public static final class Again implements Greeting {
        @Override
        public List<String> names() {
            return List.of("good day", "hi");
        }
    }

    /** Fails as a class does that needs one that is not there. */
    public static final class Broken implements Greeting {
        public Broken() {
            throw new NoClassDefFoundError("org/example/Missing");
        }

        @Override
        public List<String> names() {
            return List.of();
        }
    }

    @Test
    void implementationsAreFoundUnderEveryNameThatTheyClaim() throws IOException {
        Extensions<Greeting> found = load(Hello.class.getName());
        assertEquals(List.of("hello", "hi"), List.copyOf(found.byName().keySet()));
        assertEquals(found.byName().get("hello"), found.byName().get("hi"));
    }

    @Test
    void aNameThatIsClaimedTwiceIsRefusedWithBothClaimants() {
        String message = refused(Hello.class.getName() + "\n" + Again.class.getName());
        assertTrue(message.contains("greeting 'hi' is claimed twice"), message);
        assertTrue(message.contains(Hello.class.getName()) && message.contains(Again.class.getName()), message);
        assertTrue(message.contains("test-classes"), message);
    }

    @Test
    void aClassThatIsNotThereIsRefusedWithTheFolderThatNamesIt() {
        String message = refused("org.example.NotThere # from another build");
        assertTrue(message.startsWith(folder.toString()), message);
        assertTrue(message.contains("org.example.NotThere") && message.contains("build it again"), message);
    }

    @Test
    void aClassThatNeedsAMissingOneIsRefusedWithTheFolderThatNamesIt() {
        String message = refused(Broken.class.getName());
        assertTrue(message.startsWith(folder.toString()), message);
        assertTrue(message.contains("org/example/Missing"), message);
    }

    private String refused(String services) {
        String message =
                assertThrows(InputException.class, () -> load(services)).getMessage();
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    private Extensions<Greeting> load(String services) throws IOException {
        Path file = folder.resolve("META-INF/services/" + Greeting.class.getName());
        Files.createDirectories(file.getParent());
        Files.writeString(file, services);
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()}, ExtensionsTest.class.getClassLoader())) {
            return Extensions.load(Greeting.class, "greeting", Greeting::names, loader);
        }
    }
}
