package org.edgeprune.tracr.rasp.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.RaspProgram;

/** Finds a program by the name that a user gives. */
public final class Programs {
    private Programs() {}

    /**
     * Looks for a program in the library, then among files, then among classes.
     *
     * @param name the name of a {@link LibraryProgram}, the path of a text program, or the name of a public class that
     *     implements {@link RaspProgram}
     * @param classes loads the class
     * @return the program
     * @throws InputException if there is no such program, or its file or class cannot be read
     */
    public static RaspProgram find(String name, ClassLoader classes) {
        Optional<LibraryProgram> known = LibraryProgram.byName(name);
        if (known.isPresent()) {
            return known.get();
        }
        if (Files.isRegularFile(Path.of(name))) {
            return TextProgram.read(Path.of(name));
        }
        try {
            return Class.forName(name, true, classes)
                    .asSubclass(RaspProgram.class)
                    .getConstructor()
                    .newInstance();
        } catch (ClassNotFoundException e) {
            throw new InputException(
                    "program '" + name + "' is neither a file nor a class nor one of the library: "
                            + LibraryProgram.names(),
                    e);
        } catch (LinkageError e) {
            Throwable reason = e.getCause() == null ? e : e.getCause();
            throw new InputException("class " + name + " cannot be loaded: " + reason, e);
        } catch (ClassCastException e) {
            throw new InputException(
                    "class " + name + " is not a program: it must implement " + RaspProgram.class.getName(), e);
        } catch (ReflectiveOperationException e) {
            throw new InputException(
                    "class " + name
                            + " cannot be created: it must be public, with a public constructor without parameters",
                    e);
        }
    }
}
