package org.edgeprune.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelDirectoriesTest {
    @Test
    void theBundledModelIsFoundByItsName() {
        Path directory = ModelDirectories.locate(BundledModel.NAME, Hub.Listener.NONE);
        assertTrue(Files.exists(directory.resolve("model.safetensors")), directory.toString());
    }

    @Test
    void whatExistsIsADirectoryWhateverItsName(@TempDir Path folder) {
        assertEquals(folder, ModelDirectories.locate(folder.toString(), Hub.Listener.NONE));
    }

    @Test
    void aPathThatNoRepositoryCanHaveIsLeftToWhoOpensIt() {
        assertEquals(Path.of("no/such/folder"), ModelDirectories.locate("no/such/folder", Hub.Listener.NONE));
    }
}
