// Every page is rendered without a window while it is built, and served as files.
export default { output: "export", typescript: { ignoreBuildErrors: true } };
