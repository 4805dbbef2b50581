package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of settings that are not TOML. */
class TomlTest {
    @TempDir
    private Path folder;

    private String refused(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("a.toml"), text);
        String message =
                assertThrows(InputException.class, () -> Toml.read(file)).getMessage();
        assertTrue(message.startsWith(file.toString()), message);
        return message.substring(file.toString().length());
    }

    @Test
    void theLineIsNamedWhereThereIsOne() throws IOException {
        assertEquals(":2:", refused("a = 1\nb = = 2\n").substring(0, 3));
        for (String value : new String[] {"[".repeat(5000), "9".repeat(5000), "{a=".repeat(2000), "1e9999999999"}) {
            String message = refused("a = 1\nb = " + value + "\n");
            assertTrue(message.contains(": not TOML: ") && !message.contains("null"), message);
        }
    }
}
