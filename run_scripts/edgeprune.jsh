// A start-up file of jshell, which opens a model and a circuit in three lines:
//
//   mvn -q process-classes
//   jshell --class-path "target/classes:$(cat target/classpath.txt)" -R--enable-native-access=ALL-UNNAMED run_scripts/edgeprune.jsh
//   jshell> var model = model("mini-gpt2")
//   jshell> var circuit = circuit("out/demo")
//   jshell> circuit.edges().forEach(System.out::println)
import java.nio.file.*;
import java.util.*;
import org.edgeprune.draw.*;
import org.edgeprune.eval.*;
import org.edgeprune.graph.*;
import org.edgeprune.mask.*;
import org.edgeprune.prune.*;
import org.edgeprune.task.*;
import org.edgeprune.torch.*;

/** Opens a model by its directory or name, on the CPU. */
LoadedModel model(String name) {
    return LoadedModel.open(name, Device.CPU);
}

/** Reads the circuit of a run. */
Circuit circuit(String run) {
    return Circuit.readWithItsGraph(Path.of(run, "edges.json")).orElseThrow();
}
